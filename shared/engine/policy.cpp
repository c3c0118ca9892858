// spec.policy.rules of a tool: [{when, then: {do, set, …}}, {else: {then: {…}}}]; the first that holds
// decides.
#include <algorithm>

#include "shared/engine/durations.hpp"
#include "shared/engine/evaluator.hpp"
#include "shared/engine/fields.hpp"
#include "shared/engine/set_places.hpp"

namespace noetl::engine {
namespace {

// Who writes no delay waits for a second; who writes `none` does not wait.
base::Result<base::Backoff> backoff_of_policy(const Json& then) {
  const bool waits = text_of(then, {"backoff"}) != "none";
  return backoff_of(then, std::chrono::seconds(waits ? 1 : 0));
}

// How often and how long, without what else stands beside `do: retry`.
Json amounts_of(const Json& then) {
  Json amounts = Json::object();
  for (const auto* name :
       {"attempts", "delay", "initial_delay", "backoff", "backoff_multiplier", "max_delay"}) {
    if (const auto found = then.find(name); found != then.end()) amounts[name] = *found;
  }
  return without_nulls(std::move(amounts));
}

}  // namespace

// Bare names that a task of an iteration sets belong to the iteration: its siblings must not see them.
bool Evaluator::apply_task_set(const domain::Step& step, const Json& set, const Frame& frame) {
  if (!frame.is_iteration() || !set.is_object()) return apply_set(step, set, step.name);
  Json local = Json::object();
  const Json places = by_place(set);
  for (const auto& [key, value] : places.items())
    local[key.find('.') == std::string::npos && key != "ctx" && key != "iter" ? "iter." + key : key] = value;
  return apply_set(step, local, step.name);
}

Evaluator::Verdict Evaluator::apply_policy(const domain::Step& step, const domain::ToolSpec& tool, Frame& frame,
                                           std::chrono::milliseconds& delay) {
  const Json* policy = map_member(tool.spec, "policy");
  if (policy == nullptr) policy = map_member(step.spec, "policy");
  if (policy == nullptr || !policy->contains("rules") || !(*policy)["rules"].is_array()) return Verdict::none;
  for (const auto& rule : (*policy)["rules"]) {
    if (!rule.is_object()) continue;
    const bool is_else = rule.contains("else");
    const auto when = rule.find("when");
    if (!is_else && when != rule.end()) {
      if (!context_.holds(when->is_string() ? when->get<std::string>() : when->dump())) continue;
    }
    const Json& branch = is_else ? rule["else"] : rule;
    const Json* then = map_member(branch, "then");
    if (then == nullptr) then = &branch;
    return then->is_object() ? carry_out(step, tool, *then, frame, delay) : Verdict::go_on;
  }
  return Verdict::none;
}

Evaluator::Verdict Evaluator::carry_out(const domain::Step& step, const domain::ToolSpec& tool, const Json& then,
                                        Frame& frame, std::chrono::milliseconds& delay) {
  const auto act = text_of(then, {"do"});
  if (const Json* set = map_member(then, "set"); set != nullptr && !apply_task_set(step, *set, frame)) {
    return Verdict::fail;
  }
  if (act == "fail") return Verdict::fail;
  if (act == "break") return Verdict::leave;
  if (act == "retry") {
    const auto asked = render(step, amounts_of(then));
    if (!asked) return Verdict::fail;
    const auto attempts = count_in(*asked, {"attempts"}, attempts_default);
    const auto backoff = backoff_of_policy(*asked);
    if (!attempts || !backoff) {
      refuse_amount(step, "policy", attempts ? backoff.error() : attempts.error());
      return Verdict::fail;
    }
    tried_.attempts = frame.attempts = *attempts;
    if (frame.attempt >= *attempts) return Verdict::fail;
    delay = std::max(backoff->delay_after(frame.attempt), delay_asked(error_));
    append("task.retry", step.name, "retrying",
           Json{{"node", frame.node},
                {"task", tool.label},
                {"attempt", frame.attempt + 1},
                {"delay_ms", delay.count()}});
    return Verdict::retry;
  }
  if (act == "jump") {
    const auto label = text_of(then, {"to", "task"});
    for (std::size_t i = 0; i < step.tools.size(); ++i) {
      if (step.tools[i].label != label) continue;
      frame.task = i;
      return Verdict::jump;
    }
    fail(step.name, "invalid_playbook",
         "step '" + step.name + "', task '" + tool.label + "': 'do: jump' leads to the task '" + label +
             "', which the pipeline does not have");
    return Verdict::fail;
  }
  return Verdict::go_on;
}

}  // namespace noetl::engine
