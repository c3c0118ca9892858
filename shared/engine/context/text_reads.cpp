#include "shared/engine/context/text_reads.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "shared/templating/template.hpp"

namespace noetl::engine {
namespace {

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

bool reads_only(const Json& source, const std::string& name, const Json& kept) {
  if (source.is_structured()) {
    return std::all_of(source.begin(), source.end(), [&](const Json& inner) { return reads_only(inner, name, kept); });
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
    return std::any_of(source.begin(), source.end(), [&](const Json& inner) { return reads_member(inner, name); });
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

std::string bare_name(const Json& written) {
  if (!written.is_string()) return {};
  const auto parsed = templating::parse_cached(written.get_ref<const std::string&>());
  if (!parsed || !(*parsed)->is_bare_reference() || (*parsed)->roots().size() != 1) return {};
  const auto& name = (*parsed)->roots().front();
  std::string text = written.get<std::string>();
  std::erase_if(text, [](char c) { return c == ' ' || c == '{' || c == '}'; });
  return text == name ? name : std::string();
}

namespace {

// The name that is given the value: what stands before ` = `, or nothing.
std::string_view assigned_name(std::string_view before) {
  while (before.ends_with(' ')) before.remove_suffix(1);
  if (!before.ends_with('=') || before.ends_with("==")) return {};
  before.remove_suffix(1);
  while (before.ends_with(' ')) before.remove_suffix(1);
  const auto end = before.size();
  while (!before.empty() && is_name_char(before.back())) before.remove_suffix(1);
  return {before.data() + before.size(), end - before.size()};
}

bool reads_as_map(std::string_view code, std::string_view name, int names_left) {
  for (auto at = code.find(name); at != std::string_view::npos; at = code.find(name, at + 1)) {
    auto rest = code.substr(at + name.size());
    if (at > 0 && (is_name_char(code[at - 1]) || code[at - 1] == '.')) continue;
    if (!rest.empty() && is_name_char(rest.front())) continue;
    const bool is_asked_about = code.substr(0, at).ends_with("isinstance(") && rest.starts_with(", dict)");
    if (is_asked_about || rest.starts_with("[\"") || rest.starts_with("['")) return true;
    for (const std::string_view member :
         {".get(", ".keys(", ".items(", ".values(", ".rows", ".columns", ".row_count"}) {
      if (rest.starts_with(member)) return true;
    }
    const auto before = code.substr(0, at);
    if (rest.starts_with(" or {}")) return true;
    // `found = rows or []`: what is done with the other name counts.
    const auto other = assigned_name(before);
    const bool is_alias = rest.empty() || rest.starts_with('\n') || rest.starts_with(" or") || rest.starts_with(" if");
    if (names_left > 0 && is_alias && !other.empty() && other != name && reads_as_map(code, other, names_left - 1))
      return true;
    if (before.ends_with("' in ") || before.ends_with("\" in ")) return true;
  }
  return false;
}

}  // namespace

bool reads_as_map(std::string_view code, std::string_view name) {
  // Code that knows lists is given one, whatever it does with what is none.
  const bool knows_lists = code.find("isinstance(" + std::string(name) + ", list)") != std::string_view::npos;
  return !knows_lists && reads_as_map(code, name, 1);
}

std::vector<std::string> parameters_of_main(std::string_view code) {
  constexpr std::string_view head = "def main(";
  const auto begin = code.find(head);
  if (begin == std::string_view::npos) return {};
  std::vector<std::string> names;
  int depth = 0;
  bool is_name = true;  // of a parameter, and not its type or default
  std::string name;
  const auto keep = [&] {
    if (!name.empty()) names.push_back(std::exchange(name, {}));
  };
  for (const char c : code.substr(begin + head.size())) {
    if (c == ')' && depth == 0) break;
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (c == ',' && depth == 0) {
      keep();
      is_name = true;
    } else if (c == ':' || c == '=') {
      is_name = false;
    } else if (is_name && depth == 0 && is_name_char(c)) {
      name += c;
    }
  }
  keep();
  return names;
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
    if (std::isdigit(static_cast<unsigned char>(code[begin])) == 0) names.emplace_back(code.substr(begin, i - begin));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace noetl::engine
