#pragma once
// Environments of child processes: an allow list, because ours has passwords and tokens. Values, any thread; nothing here
// changes our own environment.
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace noetl::process {

using Variables = std::map<std::string, std::string>;

// "NAME,PREFIX_*": a * at the end stands for any.
class NamePatterns {
 public:
  explicit NamePatterns(std::string_view names);
  [[nodiscard]] bool matches(std::string_view name) const;

 private:
  std::vector<std::string> patterns_;
};

// Ours that say where a process runs and as whom: PATH, HOME, USER, LOGNAME, SHELL, LANG, LANGUAGE, LC_*, TZ, TMPDIR; and those
// that `more` names.
[[nodiscard]] Variables child_variables(const NamePatterns& more);

// "NAME=value" of each, for exec.
[[nodiscard]] std::vector<std::string> environment_lines(const Variables& variables);

}  // namespace noetl::process
