#include "server/engine/large_results.hpp"

#include <algorithm>
#include <set>

#include "server/engine/engine.hpp"
#include "server/engine/graph.hpp"
#include "shared/templating/template.hpp"

namespace noetl::engine {
namespace {

// Takes the size of `value` off `left`; false when it does not fit.
bool take_off(const Json& value, std::size_t& left) {
  constexpr std::size_t scalar_bytes = 8;      // of a number, bool or null, on average
  constexpr std::size_t quotes_and_comma = 3;
  const auto take = [&](std::size_t bytes) {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  };
  if (value.is_string()) return take(value.get_ref<const std::string&>().size() + quotes_and_comma);
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) {
      if (!take(name.size() + quotes_and_comma) || !take_off(inner, left)) return false;
    }
    return take(2);
  }
  if (value.is_array()) {
    for (const auto& inner : value) {
      if (!take_off(inner, left)) return false;
    }
    return take(2);
  }
  return take(scalar_bytes);
}

using Names = std::vector<std::string>;

void collect_text(const std::string& text, Names& names) { templating::collect_roots(Json(text), names); }

void collect_arc(const domain::Arc& arc, Names& names) {
  collect_text(arc.when, names);
  templating::collect_roots(arc.args, names);
  templating::collect_roots(arc.set, names);
}

void collect_tool(const domain::ToolSpec& tool, Names& names) {
  for (const auto* part : {&tool.options, &tool.input, &tool.spec, &tool.set}) templating::collect_roots(*part, names);
}

// What is rendered when the step is entered.
void collect_on_entering(const domain::Playbook& playbook, const domain::Step& step, Names& names) {
  collect_text(step.when, names);
  templating::collect_roots(step.args, names);
  templating::collect_roots(step.spec, names);
  if (step.loop) {
    templating::collect_roots(step.loop->in, names);
    templating::collect_roots(step.loop->spec, names);
  }
  for (const auto& tool : step.tools) {
    collect_tool(tool, names);
    if (tool.kind != "workbook") continue;
    for (const auto& entry : playbook.workbook) collect_tool(entry.tool, names);
  }
}

// What is rendered when the step has ended, its policy included.
void collect_on_leaving(const domain::Step& step, Names& names) {
  for (const auto* part : {&step.set, &step.vars, &step.output}) templating::collect_roots(*part, names);
  for (const auto& arc : step.next) collect_arc(arc, names);
  for (const auto& rule : step.cases) {
    collect_text(rule.when, names);
    for (const auto& action : rule.then) {
      for (const auto& arc : action.arcs) collect_arc(arc, names);
      templating::collect_roots(action.spec, names);
    }
  }
  for (const auto& tool : step.tools) {
    templating::collect_roots(tool.spec, names);
    templating::collect_roots(tool.set, names);
  }
}

bool has_enter_rule(const domain::Step& step) {
  return std::any_of(step.cases.begin(), step.cases.end(),
                     [](const auto& rule) { return rule.when.find("step.enter") != std::string::npos; });
}

// Names that the entering of these steps may read, and of those that follow a step which may be passed
// without a command of its own.
void collect_ahead(const domain::Playbook& playbook, Names open, Names& names) {
  std::set<std::string> seen(open.begin(), open.end());
  while (!open.empty()) {
    const auto* step = playbook.find_step(open.back());
    open.pop_back();
    if (step == nullptr) continue;
    collect_on_entering(playbook, *step, names);
    if (!step->tools.empty() && step->when.empty() && !has_enter_rule(*step)) continue;
    collect_on_leaving(*step, names);
    for (auto& target : targets_of(*step)) {
      if (seen.insert(target).second) open.push_back(target);
    }
  }
}

}  // namespace

bool is_larger(const Json& value, std::size_t bytes_max) {
  std::size_t left = bytes_max;
  return !take_off(value, left);
}

std::vector<base::ResultId> references_needed(const domain::Playbook& playbook, const State& state,
                                              const std::string& node_id) {
  std::map<std::string, base::ResultId> stored;
  for (const auto& [step, slot] : state.results) {
    if (slot.reference.is_set()) stored.emplace(step, slot.reference);
  }
  const auto node = state.outstanding.find(node_id);
  if (stored.empty() || node == state.outstanding.end()) return {};

  Names names;
  Names ahead;
  if (const auto* step = playbook.find_step(node->second)) {
    collect_on_leaving(*step, names);
    ahead = targets_of(*step);
  }
  // Steps that wait for others may be entered when this node ends.
  if (const auto arrivals = state.bookkeeping.find("arrivals"); arrivals != state.bookkeeping.end()) {
    for (const auto& arrival : *arrivals) ahead.push_back(arrival.at("step").get<std::string>());
  }
  collect_ahead(playbook, std::move(ahead), names);
  // The last command to end brings the execution's result along.
  if (state.outstanding.size() == 1) {
    for (const auto* key : {"result_step", "last_result_step"}) {
      if (const auto noted = state.bookkeeping.find(key); noted != state.bookkeeping.end()) names.push_back(*noted);
    }
  }
  std::set<base::ResultId> needed;
  for (const auto& name : names) {
    if (name == "steps") {
      for (const auto& [step, id] : stored) needed.insert(id);
    } else if (const auto found = stored.find(name); found != stored.end()) {
      needed.insert(found->second);
    }
  }
  return {needed.begin(), needed.end()};
}

std::vector<LargeResult> move_out_large(State& state, std::size_t inline_bytes_max,
                                        const std::function<base::ResultId()>& new_id) {
  std::vector<LargeResult> moved;
  for (auto& [step, slot] : state.results) {
    if (slot.reference.is_set() || !is_larger(slot.value, inline_bytes_max)) continue;
    const auto id = new_id();
    moved.push_back({.result_id = id, .step = step, .json = slot.value.dump()});
    slot.value = nullptr;
    slot.reference = id;
  }
  return moved;
}

}  // namespace noetl::engine
