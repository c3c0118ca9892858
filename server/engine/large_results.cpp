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

void collect_step_roots(const domain::Playbook& playbook, const domain::Step& step, std::vector<std::string>& roots) {
  const auto collect = [&](const Json& value) { templating::collect_roots(value, roots); };
  const auto collect_text = [&](const std::string& text) { templating::collect_roots(Json(text), roots); };
  const auto collect_arc = [&](const domain::Arc& arc) {
    collect_text(arc.when);
    collect(arc.args);
    collect(arc.set);
  };
  const auto collect_tool = [&](const domain::ToolSpec& tool) {
    for (const auto* part : {&tool.options, &tool.input, &tool.spec, &tool.set}) collect(*part);
  };
  for (const auto* part : {&step.args, &step.set, &step.vars, &step.spec, &step.output}) collect(*part);
  collect_text(step.when);
  if (step.loop) {
    collect(step.loop->in);
    collect(step.loop->spec);
  }
  for (const auto& arc : step.next) collect_arc(arc);
  for (const auto& rule : step.cases) {
    collect_text(rule.when);
    for (const auto& action : rule.then) {
      for (const auto& arc : action.arcs) collect_arc(arc);
      collect(action.spec);
    }
  }
  for (const auto& tool : step.tools) {
    collect_tool(tool);
    if (tool.kind != "workbook") continue;
    for (const auto& entry : playbook.workbook) collect_tool(entry.tool);
  }
}

// Steps whose templates the decision about `first` may render: its own, those of the steps it leads to,
// and on through steps that may be passed without a command of their own.
std::set<std::string> steps_in_reach(const domain::Playbook& playbook, const std::string& first) {
  std::set<std::string> reached{first};
  std::vector<std::string> open{first};
  while (!open.empty()) {
    const auto* step = playbook.find_step(open.back());
    const bool is_origin = open.back() == first;
    open.pop_back();
    if (step == nullptr) continue;
    const bool has_enter_rule = std::any_of(step->cases.begin(), step->cases.end(), [](const auto& rule) {
      return rule.when.find("step.enter") != std::string::npos;
    });
    const bool is_passed = step->tools.empty() || !step->when.empty() || has_enter_rule;
    if (!is_origin && !is_passed) continue;
    for (auto& target : targets_of(*step)) {
      if (reached.insert(target).second) open.push_back(target);
    }
  }
  return reached;
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

  std::vector<std::string> names;
  for (const auto& step_name : steps_in_reach(playbook, node->second)) {
    if (const auto* step = playbook.find_step(step_name)) collect_step_roots(playbook, *step, names);
  }
  // Steps that wait for others may be entered when this node ends.
  if (const auto arrivals = state.bookkeeping.find("arrivals"); arrivals != state.bookkeeping.end()) {
    for (const auto& arrival : *arrivals) {
      for (const auto& step_name : steps_in_reach(playbook, arrival.at("step").get<std::string>())) {
        if (const auto* step = playbook.find_step(step_name)) collect_step_roots(playbook, *step, names);
      }
    }
  }
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
