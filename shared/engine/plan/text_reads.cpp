#include "shared/engine/plan/text_reads.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "shared/engine/state/fields.hpp"
#include "shared/templating/template.hpp"

namespace noetl::engine {
namespace {

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

bool reads_only(const Json& source, const std::string& name, const Json& kept, const Json* above) {
  if (source.is_structured()) {
    return std::all_of(source.begin(), source.end(),
                       [&](const Json& inner) { return reads_only(inner, name, kept, above); });
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
    const std::string_view field(text.data() + end + 1, field_end - end - 1);
    if (!kept.contains(field) || (above != nullptr && above->contains(field))) return false;
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

namespace {

bool arc_mentions(const domain::Arc& arc, std::string_view word) {
  return arc.when.find(word) != std::string::npos || mentions(arc.args, word) || mentions(arc.set, word);
}

bool tool_mentions(const domain::ToolSpec& tool, std::string_view label) {
  return mentions(tool.options, label) || mentions(tool.input, label) || mentions(tool.spec, label) ||
         mentions(tool.set, label);
}

bool may_jump_back(const domain::Step& step) {
  return std::any_of(step.tools.begin(), step.tools.end(),
                     [](const auto& tool) { return mentions(tool.spec, "jump"); });
}

bool step_mentions(const domain::Step& step, std::string_view word) {
  const auto arc_does = [&](const domain::Arc& arc) { return arc_mentions(arc, word); };
  if (mentions(step.args, word) || mentions(step.set, word) || mentions(step.vars, word)) return true;
  if (step.loop && mentions(step.loop->in, word)) return true;
  if (std::any_of(step.next.begin(), step.next.end(), arc_does)) return true;
  if (std::any_of(step.tools.begin(), step.tools.end(), [&](const auto& tool) { return tool_mentions(tool, word); }))
    return true;
  return std::any_of(step.cases.begin(), step.cases.end(), [&](const domain::CaseRule& rule) {
    return rule.when.find(word) != std::string::npos ||
           std::any_of(rule.then.begin(), rule.then.end(), [&](const domain::Action& action) {
             return mentions(action.spec, word) || std::any_of(action.arcs.begin(), action.arcs.end(), arc_does);
           });
  });
}

}  // namespace

// Whether anything of this step that is still to come, from task `from` on, reads a task's result by its
// label. What nothing reads is not carried from command to command: it may be large.
bool is_label_read(const domain::Step& step, std::string_view label, std::size_t from) {
  if (mentions(step.args, label) || mentions(step.set, label)) return true;
  if (std::any_of(step.next.begin(), step.next.end(), [&](const auto& arc) { return arc_mentions(arc, label); })) {
    return true;
  }
  const auto first = step.tools.begin() + (may_jump_back(step) ? 0 : static_cast<std::ptrdiff_t>(from));
  return std::any_of(first, step.tools.end(), [&](const auto& tool) { return tool_mentions(tool, label); });
}

bool are_results_read(const domain::Playbook& playbook, const domain::Step& step) {
  const auto word = step.name + ".results";
  return std::any_of(playbook.workflow.begin(), playbook.workflow.end(),
                     [&](const domain::Step& other) { return step_mentions(other, word); });
}

void forget_what_nothing_reads(const domain::Step& step, Frame& frame) {
  for (auto label = frame.results.begin(); label != frame.results.end();) {
    if (is_label_read(step, label.key(), frame.task))
      ++label;
    else
      label = frame.results.erase(label);
  }
}

bool is_previous_read(const domain::Step& step) {
  return std::any_of(step.tools.begin(), step.tools.end(), [&](const domain::ToolSpec& tool) {
    return mentions(tool.options, "_prev") || mentions(tool.input, "_prev") || mentions(tool.spec, "_prev") ||
           mentions(tool.set, "_prev");
  });
}

}  // namespace noetl::engine
