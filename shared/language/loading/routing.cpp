#include "shared/language/loading/routing.hpp"

#include <utility>

#include "shared/language/loading/amounts.hpp"
#include "shared/language/loading/option_names.hpp"
#include "shared/language/loading/tool_checks.hpp"

namespace noetl::language {

namespace {

using domain::Action;
using domain::Arc;
using domain::CaseRule;

constexpr const char* next_forms = "expected a step's name, a list of steps, or {spec: {mode}, arcs: [{step}]}";

void read_target(const Field& field, Arc& arc, Outline& outline, Findings& findings) {
  arc.step = read_text(field, findings);
  outline.expect_step(field, arc.step, findings);
}

Arc read_arc(const Field& field, Outline& outline, Findings& findings) {
  Arc arc;
  arc.mark = field.mark();
  if (field.is_scalar()) {
    read_target(field, arc, outline, findings);
    return arc;
  }
  if (!field.is_mapping()) {
    findings.error(field.path, field.mark(), "expected a step's name or {step: …}, found " + field.described());
    return arc;
  }
  if (!field.has("step")) {
    std::string suggestion;
    for (const auto& member : field.node->members)
      if (suggestion.empty()) suggestion = did_you_mean(member.key, {"step"});
    findings.error(field.path, field.mark(), "an arc needs `step`, the step it leads to; found a mapping without it",
                   std::move(suggestion));
    return arc;
  }
  check_keys(field, vocabulary::arc_keys, findings);
  read_target(field["step"], arc, outline, findings);
  arc.when = read_condition(field["when"], findings);
  arc.args = read_object(field["args"], findings);
  arc.args.update(read_object(field["input"], findings));
  arc.set = read_set(field["set"], findings);
  arc.set.update(read_set(field["set_ctx"], findings));
  return arc;
}

void read_arcs(const Field& list, std::vector<Arc>& arcs, Outline& outline, Findings& findings) {
  for (std::size_t index = 0; index < list.node->items.size(); ++index)
    arcs.push_back(read_arc(list.at(index), outline, findings));
}

// {spec: {mode}, arcs: […]}, or one target written as a map.
void read_next_mapping(const Field& field, NextReading& next, Outline& outline, Findings& findings) {
  const Field arcs = field["arcs"];
  if (!arcs.is_given() && !field.has("spec")) {
    if (field.has("step")) {
      next.arcs.push_back(read_arc(field, outline, findings));
      return;
    }
    std::string suggestion;
    for (const auto& member : field.node->members)
      if (suggestion.empty()) suggestion = did_you_mean(member.key, {"step", "arcs", "spec"});
    std::string message = next_forms;
    message += "; found a mapping with ";
    message += field.node->members.empty() ? "nothing" : "'" + clipped(field.node->members[0].key, 60) + "'";
    findings.error(field.path, field.mark(), std::move(message), std::move(suggestion));
    return;
  }
  next.has_arcs = true;
  check_keys(field, vocabulary::next_keys, findings);
  check_keys(field["spec"], vocabulary::next_spec_keys, findings);
  const Field mode = field["spec"].has("mode") ? field["spec"]["mode"] : field["mode"];
  next.mode = read_word(mode, vocabulary::next_modes, findings) == "inclusive" ? domain::NextMode::inclusive
                                                                               : domain::NextMode::exclusive;
  if (!arcs.is_given()) return;
  if (arcs.is_sequence()) {
    read_arcs(arcs, next.arcs, outline, findings);
  } else {
    findings.error(arcs.path, arcs.mark(), "expected a list of {step, when, set}, found " + arcs.described());
  }
  if (next.mode != domain::NextMode::exclusive) return;
  for (std::size_t index = 0; index + 1 < next.arcs.size(); ++index)
    if (next.arcs[index].when.empty()) {
      findings.warning(arcs.at(index).path, next.arcs[index].mark,
                       "this arc always holds, so the arcs after it are never taken in exclusive mode");
      return;
    }
}

// Where a sink writes: the kind of its tool, however it is written; empty when it names none.
std::string kind_of_sink(const Field& field) {
  if (field.is_scalar()) return field.node->text;
  const Field tool = field["tool"].is_given() ? field["tool"] : field["backend"];
  for (const Field& kind : {tool, tool["kind"], tool["type"], field["kind"], field["type"]})
    if (kind.is_scalar()) return kind.node->text;
  return {};
}

void check_sink(const Field& field, const Outline& outline, Findings& findings) {
  const std::string kind = kind_of_sink(field);
  const Field tool = field["tool"].is_mapping() ? field["tool"] : field;
  for (const Field& at : {field["timeout"], field["tool"]["timeout"]}) check_limit(at, "timeout", findings);
  if (kind == "workbook") {
    const Field name = tool.has("name") ? tool["name"] : field["name"];
    outline.expect_workbook_entry(name, read_text(name, findings), findings);
  } else if (!kind.empty() && kind != "event") {
    check_kind(field, kind, findings);
  } else if (kind.empty()) {
    for (const char* key :
         {"table", "statement", "command", "commands", "query", "url", "endpoint", "code", "bucket"}) {
      if (!tool.has(key)) continue;
      findings.error(tool[key].path, tool[key].mark(),
                     std::string("the sink has `") + key + "` and names no tool: nothing would be written",
                     "did you mean `tool: postgres`?");
      return;
    }
  }
}

Action read_action(std::string_view kind, const Field& field, Outline& outline, Findings& findings) {
  Action action;
  action.kind = kind;
  action.mark = field.mark();
  if (kind == "next") {
    action.arcs = read_next(field, outline, findings).arcs;
    action.spec = field.node->to_json();
  } else if (kind == "set") {
    action.spec = read_set(field, findings);
  } else if (kind == "call") {
    if (field.is_scalar() || field.is_mapping())
      action.arcs.push_back(read_arc(field, outline, findings));
    else
      findings.error(field.path, field.mark(), "expected {step, args}, found " + field.described());
    action.spec = field.node->to_json();
  } else {
    action.spec = read_value(field, findings);
  }
  if (kind == "retry") check_retry_map(field, findings);
  if (kind == "collect") {
    check_keys(field, vocabulary::collect_keys, findings);
    (void)read_word(field.has("strategy") ? field["strategy"] : field["mode"], vocabulary::collect_strategies,
                    findings);
  }
  if (kind == "retry") take_units_from_names(action.spec, field.path, field.mark(), findings);
  if (kind == "collect" && field.is_mapping() && field.has("from") && !field.has("into") && !field.has("name"))
    findings.error(field.path, field.mark(), "`collect` with `from` needs `into`, the variable that it adds to");
  if (kind == "sink") check_sink(field, outline, findings);
  return action;
}

// One map of a `then`: its actions in the order in which they act, whatever order they were written in.
void read_actions(const Field& field, std::vector<Action>& actions, Outline& outline, Findings& findings) {
  if (!field.is_mapping()) {
    findings.error(field.path, field.mark(),
                   "expected a mapping of actions (next, set, result, sink, …), found " + field.described());
    return;
  }
  check_keys(field, vocabulary::action_keys, findings);
  for (const auto kind : vocabulary::action_keys) {
    const Field action = field[kind];
    // `fail:`, `skip:` and `sink:` may stand without a value; a `next:` without one leads nowhere.
    if (action.node == nullptr) continue;
    if (action.node->is_null() && kind != "fail" && kind != "skip" && kind != "sink") continue;
    actions.push_back(read_action(kind, action, outline, findings));
  }
}

CaseRule read_case(const Field& field, Outline& outline, Findings& findings) {
  CaseRule rule;
  rule.mark = field.mark();
  if (!field.is_mapping()) {
    findings.error(field.path, field.mark(), "expected a rule {when, then}, found " + field.described());
    return rule;
  }
  check_keys(field, vocabulary::case_keys, findings);
  Field then = field["then"];
  if (field.has("else")) {
    then = field["else"].has("then") ? field["else"]["then"] : field["else"];
  } else if (!field.has("when")) {
    findings.warning(field.path, field.mark(), "this rule has no `when`, so it always holds");
  }
  rule.when = read_condition(field["when"], findings);
  if (then.is_sequence()) {
    for (std::size_t index = 0; index < then.node->items.size(); ++index)
      read_actions(then.at(index), rule.then, outline, findings);
  } else if (then.is_given()) {
    read_actions(then, rule.then, outline, findings);
  } else {
    findings.error(field.path, field.mark(), "a rule needs `then`, what to do when it holds; found nothing");
  }
  return rule;
}

}  // namespace

// set: {name: value}, or the older list of {name, value}.
Json read_set(const Field& field, Findings& findings) {
  for (const char* scope : {"ctx", "iter"}) {
    const Field map = field.is_mapping() ? field[scope] : Field{};
    if (!map.is_given() || map.is_mapping() || (map.is_scalar() && has_template_marks(map.node->text))) continue;
    findings.error(
        map.path, map.mark(),
        std::string("`") + scope + "` is a scope: expected a mapping of names to values, found " + map.described());
  }
  if (!field.is_sequence()) return read_object(field, findings);
  Json values = Json::object();
  for (std::size_t index = 0; index < field.node->items.size(); ++index) {
    const Field item = field.at(index);
    if (item.has("name") && item["value"].node != nullptr) {
      values[read_text(item["name"], findings)] = read_value(item["value"], findings);
    } else {
      values.update(read_object(item, findings));
    }
  }
  return values;
}

NextReading read_next(const Field& field, Outline& outline, Findings& findings) {
  NextReading next;
  if (!field.is_given()) return next;
  if (field.is_mapping()) {
    read_next_mapping(field, next, outline, findings);
  } else if (field.is_sequence()) {
    read_arcs(field, next.arcs, outline, findings);
  } else {
    next.arcs.push_back(read_arc(field, outline, findings));
  }
  std::erase_if(next.arcs, [](const Arc& arc) { return arc.step.empty(); });
  return next;
}

std::vector<CaseRule> read_cases(const Field& field, Outline& outline, Findings& findings) {
  std::vector<CaseRule> rules;
  if (!field.is_given()) return rules;
  if (field.is_sequence()) {
    for (std::size_t index = 0; index < field.node->items.size(); ++index)
      rules.push_back(read_case(field.at(index), outline, findings));
  } else {
    rules.push_back(read_case(field, outline, findings));
  }
  return rules;
}

}  // namespace noetl::language
