#include "shared/process/environment.hpp"

#include <unistd.h>

#include <algorithm>

namespace noetl::process {

NamePatterns::NamePatterns(std::string_view names) {
  while (!names.empty()) {
    const std::size_t comma = std::min(names.find(','), names.size());
    if (comma > 0) patterns_.emplace_back(names.substr(0, comma));
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
}

bool NamePatterns::matches(std::string_view name) const {
  return std::any_of(patterns_.begin(), patterns_.end(), [&](std::string_view pattern) {
    if (!pattern.ends_with('*')) return pattern == name;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
  });
}

Variables child_variables(const NamePatterns& more) {
  static const NamePatterns usual("PATH,HOME,USER,LOGNAME,SHELL,LANG,LANGUAGE,LC_*,TZ,TMPDIR");
  Variables variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    if (usual.matches(name) || more.matches(name)) variables.emplace(name, text.substr(equals + 1));
  }
  return variables;
}

std::vector<std::string> environment_lines(const Variables& variables) {
  std::vector<std::string> lines;
  lines.reserve(variables.size());
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

}  // namespace noetl::process
