#include "shared/language/loading/tools.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "shared/language/loading/amounts.hpp"
#include "shared/language/loading/option_names.hpp"
#include "shared/language/loading/routing.hpp"
#include "shared/language/loading/tool_checks.hpp"
#include "shared/language/vocabulary/tool_vocabulary.hpp"

namespace noetl::language {

namespace {

using domain::ToolSpec;

// What stays in `spec`; everything else that is found there is an option of the tool.
constexpr auto spec_keys = std::to_array<std::string_view>(
    {"policy", "timeout", "on_error", "retry", "max_attempts", "pool", "priority", "lease_seconds", "labels"});

void merge(Json& into, Json more) {
  for (auto& [key, value] : more.items()) into[key] = std::move(value);
}

// One option of a tool, wherever it was written. False when the key is no option.
bool read_reserved(const Member& member, const Field& field, ToolSpec& tool, Findings& findings) {
  if (member.key == "args" || member.key == "input") {
    merge(tool.input, read_object(field, findings));
  } else if (member.key == "set" || member.key == "set_ctx") {
    merge(tool.set, read_set(field, findings));
  } else {
    return false;
  }
  return true;
}

void read_spec(const Field& spec, ToolSpec& tool, Findings& findings) {
  if (!spec.is_given()) return;
  if (!spec.is_mapping()) {
    findings.error(spec.path, spec.mark(), "expected a mapping, found " + spec.described());
    return;
  }
  for (const auto& member : spec.node->members) {
    const Field field = spec.of(member);
    if (read_reserved(member, field, tool, findings)) continue;
    const auto strictness = vocabulary::is_program_text(member.key) ? Strictness::program : Strictness::error;
    check_templates(field, strictness, findings);
    check_limit(field, member.key, findings);
    if (vocabulary::contains(spec_keys, member.key)) {
      tool.spec[member.key] = member.node.to_json();
    } else {
      tool.options[member.key] = member.node.to_json();
      check_option(field, member, tool.kind, spec_keys, findings);
    }
  }
}

// The entry that `tool: workbook` runs; kept as options.name, whatever it was called.
void read_workbook_name(const Field& field, ToolSpec& tool, const Outline& outline, Findings& findings) {
  for (const char* key : {"name", "task", "workbook"}) {
    const auto found = tool.options.find(key);
    if (found == tool.options.end() || !found->is_string()) continue;
    const std::string name = *found;
    const Field at = field.has(key) ? field[key] : field;
    outline.expect_workbook_entry(at, name, findings);
    tool.options["name"] = name;
    return;
  }
  if (!tool.label.empty()) {
    tool.options["name"] = tool.label;
    outline.expect_workbook_entry(field, tool.label, findings);
    return;
  }
  findings.error(field.path, field.mark(), "the workbook tool needs `name`, the workbook entry to run; found nothing");
}

struct ToolReader {
  const Outline& outline;
  Findings& findings;

  // Everything of `field` but kind, args, input, spec and set. `skipped` are keys that belong to somebody else.
  void read_options(const Field& field, vocabulary::Words skipped, ToolSpec& tool) const {
    for (const auto& member : field.node->members) {
      const Field option = field.of(member);
      if (vocabulary::contains(skipped, member.key) || member.key == "kind") continue;
      if (member.key == "spec") {
        read_spec(option, tool, findings);
      } else if (!read_reserved(member, option, tool, findings)) {
        check_templates(option, vocabulary::is_program_text(member.key) ? Strictness::program : Strictness::error,
                        findings);
        check_limit(option, member.key, findings);
        tool.options[member.key] = member.node.to_json();
        check_option(option, member, tool.kind, vocabulary::common_tool_options, findings);
      }
    }
  }

  void finish(const Field& field, ToolSpec& tool) const {
    take_units_from_names(tool.options, field.path, field.mark(), findings);
    take_units_from_names(tool.spec, field.path, field.mark(), findings);
    take_units_from_retries(tool.options, field.path, field.mark(), findings);
    take_units_from_retries(tool.spec, field.path, field.mark(), findings);
    if (tool.kind == "workbook") read_workbook_name(field, tool, outline, findings);
    check_substance(field, tool, findings);
  }

  [[nodiscard]] std::string read_kind(const Field& field) const {
    const Field kind = field["kind"];
    if (kind.is_given()) {
      std::string word = read_text(kind, findings);
      check_kind(kind, word, findings);
      return word;
    }
    std::string suggestion;
    if (field.has("type")) {
      suggestion = "did you mean 'kind' instead of 'type'?";
    } else {
      for (const auto& member : field.node->members)
        if (suggestion.empty()) suggestion = did_you_mean(member.key, {"kind"});
    }
    findings.error(field.path, field.mark(),
                   "a tool's kind is required: expected `kind: python`, http, postgres, …; "
                   "found a mapping without it",
                   std::move(suggestion));
    return {};
  }

  // tool: {kind: …, …}
  [[nodiscard]] ToolSpec read_mapping(const Field& field) const {
    ToolSpec tool;
    tool.mark = field.mark();
    tool.kind = read_kind(field);
    read_options(field, {}, tool);
    if (!tool.kind.empty()) finish(field, tool);
    return tool;
  }

  // One entry of a pipeline: {name, kind, …} or {label: {kind, …}}.
  [[nodiscard]] std::optional<ToolSpec> read_task(const Field& field, std::size_t index) const {
    static constexpr auto label_key = std::to_array<std::string_view>({"name"});
    if (!field.is_mapping()) {
      findings.error(field.path, field.mark(), "expected a task {name, kind, …}, found " + field.described());
      return std::nullopt;
    }
    ToolSpec tool;
    tool.mark = field.mark();
    const bool is_labelled = !field.has("kind") && field.node->members.size() == 1 &&
                             field.node->members[0].node.kind == Node::Kind::mapping;
    if (is_labelled) {
      const auto& member = field.node->members[0];
      const Field inner = field.of(member);
      tool.label = member.key;
      tool.kind = read_kind(inner);
      read_options(inner, {}, tool);
      if (!tool.kind.empty()) finish(inner, tool);
      return tool;
    }
    tool.label = read_text(field["name"], findings);
    if (tool.label.empty()) tool.label = "task_" + std::to_string(index + 1);
    tool.kind = read_kind(field);
    read_options(field, label_key, tool);
    if (!tool.kind.empty()) finish(field, tool);
    return tool;
  }

  [[nodiscard]] std::vector<ToolSpec> read_pipeline(const Field& field) const {
    std::vector<ToolSpec> tools;
    std::set<std::string> labels;
    for (std::size_t index = 0; index < field.node->items.size(); ++index) {
      auto tool = read_task(field.at(index), index);
      if (!tool) continue;
      if (!labels.insert(tool->label).second)
        findings.error(field.at(index).path, tool->mark,
                       "the task '" + clipped(tool->label, 80) + "' is already in this pipeline; names are unique");
      tools.push_back(*std::move(tool));
    }
    if (field.node->items.empty())
      findings.error(field.path, field.mark(), "a pipeline needs at least one task; found an empty list");
    return tools;
  }

  // The old form: tool: python, with code, auth, … beside it in the step.
  [[nodiscard]] ToolSpec read_word(const Field& owner, vocabulary::Words owner_keys) const {
    ToolSpec tool;
    const Field word = owner["tool"];
    tool.mark = word.mark();
    tool.kind = word.node->text;
    if (tool.kind.empty()) findings.error(word.path, word.mark(), "a tool's kind is required; found an empty text");
    check_kind(word, tool.kind, findings);
    read_options(owner, owner_keys, tool);
    // In a workbook entry `name` is the entry's own; in a step it is an option of the tool.
    if (!tool.kind.empty()) finish(owner, tool);
    return tool;
  }
};

void check_rule(const Field& rule, const std::vector<std::string>& labels, Findings& findings) {
  if (!rule.is_mapping()) {
    findings.error(rule.path, rule.mark(), "expected a rule {when, then} or {else}, found " + rule.described());
    return;
  }
  check_keys(rule, vocabulary::policy_rule_keys, findings);
  Field then = rule["then"];
  if (rule.has("else")) then = rule["else"].has("then") ? rule["else"]["then"] : rule["else"];
  if (!then.is_given()) {
    findings.error(rule.path, rule.mark(), "a rule needs `then` or `else`; found neither");
    return;
  }
  if (then.is_scalar()) return;  // else: continue
  const std::string action = read_word(then["do"], vocabulary::policy_actions, findings);
  if (action == "retry" && then.is_mapping())
    refuse_unknown_keys(then, vocabulary::policy_then_keys, "attempts, delay, backoff or max_delay", findings);
  else
    check_keys(then, vocabulary::policy_then_keys, findings);
  (void)read_word(then["backoff"], vocabulary::backoffs, findings);
  check_then_amounts(then, findings);
  if (action != "jump") return;
  const Field to = then["to"];
  const std::string label = read_text(to, findings);
  if (has_template_marks(label) || std::ranges::find(labels, label) != labels.end()) return;
  findings.error(to.is_given() ? to.path : then.path, to.is_given() ? to.mark() : then.mark(),
                 label.empty() ? "`do: jump` needs `to`, the name of a task of this pipeline"
                               : "there is no task '" + clipped(label, 80) + "' in this pipeline to jump to",
                 did_you_mean(label, labels));
}

}  // namespace

void check_policy(const Field& spec, const std::vector<std::string>& labels, Findings& findings) {
  check_keys(spec["policy"], vocabulary::policy_keys, findings);
  const Field rules = spec["policy"]["rules"];
  if (!rules.is_given()) return;
  if (!rules.is_sequence()) {
    findings.error(rules.path, rules.mark(), "expected a list of rules, found " + rules.described());
    return;
  }
  for (std::size_t index = 0; index < rules.node->items.size(); ++index) check_rule(rules.at(index), labels, findings);
}

ToolReading read_tools(const Field& owner, vocabulary::Words owner_keys, const Outline& outline, Findings& findings) {
  const Field field = owner["tool"];
  if (!field.is_given()) return {};
  const ToolReader reader{outline, findings};
  ToolReading reading;
  if (field.is_mapping()) {
    reading.tools.push_back(reader.read_mapping(field));
    check_policy(field["spec"], {}, findings);
  } else if (field.is_sequence()) {
    reading.is_pipeline = true;
    reading.tools = reader.read_pipeline(field);
    std::vector<std::string> labels;
    for (const auto& tool : reading.tools) labels.push_back(tool.label);
    for (std::size_t index = 0; index < field.node->items.size(); ++index) {
      const Field task = field.at(index);
      if (!task.is_mapping()) continue;
      const bool is_labelled = !task.has("kind") && task.node->members.size() == 1;
      check_policy(is_labelled ? task.of(task.node->members[0])["spec"] : task["spec"], labels, findings);
    }
  } else {
    reading.tools.push_back(reader.read_word(owner, owner_keys));
  }
  return reading;
}

}  // namespace noetl::language
