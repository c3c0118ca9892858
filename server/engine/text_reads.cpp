#include "server/engine/text_reads.hpp"

#include <algorithm>
#include <cctype>

namespace noetl::engine {
namespace {

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

bool reads_only(const Json& source, const std::string& name, const Json& kept) {
  if (source.is_structured()) {
    return std::all_of(source.begin(), source.end(),
                       [&](const Json& inner) { return reads_only(inner, name, kept); });
  }
  if (!source.is_string()) return true;
  const auto& text = source.get_ref<const std::string&>();
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const auto end = at + name.size();
    if ((at > 0 && (is_name_char(text[at - 1]) || text[at - 1] == '.')) ||
        (end < text.size() && is_name_char(text[end])))
      continue;
    if (end >= text.size() || text[end] != '.') return false;
    auto field_end = end + 1;
    while (field_end < text.size() && is_name_char(text[field_end])) ++field_end;
    if (!kept.contains(text.substr(end + 1, field_end - end - 1))) return false;
  }
  return true;
}

bool reads_member(const Json& source, const std::string& name) {
  if (source.is_structured()) {
    return std::any_of(source.begin(), source.end(),
                       [&](const Json& inner) { return reads_member(inner, name); });
  }
  if (!source.is_string()) return false;
  const auto& text = source.get_ref<const std::string&>();
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const auto end = at + name.size();
    if (at > 0 && is_name_char(text[at - 1])) continue;
    if (end < text.size() && (text[end] == '.' || text[end] == '[')) return true;
  }
  return false;
}

std::vector<std::string> names_in_code(std::string_view code) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < code.size();) {
    if (!is_name_char(code[i])) {
      ++i;
      continue;
    }
    const auto begin = i;
    while (i < code.size() && is_name_char(code[i])) ++i;
    if (std::isdigit(static_cast<unsigned char>(code[begin])) == 0)
      names.emplace_back(code.substr(begin, i - begin));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace noetl::engine
