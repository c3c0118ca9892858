#include "server/engine/engine.hpp"

#include "server/engine/action_fields.hpp"
#include "server/engine/decide.hpp"
#include "server/engine/tool_error.hpp"

namespace noetl::engine {
namespace {

domain::ToolError error_of(const Occurrence& occurrence) {
  if (occurrence.error) return *occurrence.error;
  domain::ToolError error;
  const bool is_cancelled = occurrence.outcome == domain::Outcome::cancelled;
  error.kind = is_cancelled ? "cancelled" : "internal";
  error.message = is_cancelled ? "the command was cancelled" : "the command failed without saying why";
  return error;
}

}  // namespace

void Decide::begin() {
  append("playbook.initialized", "", "started", Json{{"workload", situation_.workload}});
  const auto& entry = situation_.playbook.entry;
  if (situation_.playbook.find_step(entry) == nullptr) {
    fail(entry, "invalid_playbook", "the playbook starts with the step '" + entry + "', which it does not have");
  } else {
    arrivals_.push_back({.step = entry, .args = Json::object()});
  }
  settle();
}

void Decide::occurred(const Occurrence& occurrence) {
  const auto node = state().outstanding.find(occurrence.node_id);
  // A command that was handed back has not ended: somebody else runs it.
  if (node == state().outstanding.end() || occurrence.outcome == domain::Outcome::released) return;
  const auto* step = situation_.playbook.find_step(node->second);
  context_.set_step(node->second);
  state().outstanding.erase(node);
  if (step == nullptr) {
    fail(occurrence.node_id, "internal", "a command ended for a step that the playbook does not have");
  } else if (occurrence.outcome != domain::Outcome::completed) {
    failed(*step, error_of(occurrence), occurrence.result);
  } else if (const auto error = error_in_result(occurrence.result)) {
    failed(*step, *error, occurrence.result);
  } else {
    completed(*step, occurrence.result);
  }
  settle();
}

void Decide::completed(const domain::Step& step, const Json& result) {
  state().results[step.name] = ResultSlot{.value = result, .reference = {}};
  state().bookkeeping["last_result_step"] = step.name;
  mark_completed(step.name);
  if (has_failed()) return;   // draining
  context_.set_happening({.name = "call.done", .step = step.name, .result = &result, .error = nullptr});
  take_vars(step);
  if (has_failed()) return;
  if (apply_policy(step, false) == Verdict::fail) {
    return fail(step.name, "failed", "the policy of step '" + step.name + "' failed it");
  }
  if (has_failed() || !apply_set(step, step.set, step.name)) return;
  route(step);
}

void Decide::failed(const domain::Step& step, const domain::ToolError& error, const Json& result) {
  if (!result.is_null()) state().results[step.name] = ResultSlot{.value = result, .reference = {}};
  state().current_step = step.name;
  if (has_failed()) return;   // draining; the first failure counts
  error_ = to_json(error);
  context_.set_happening({.name = "call.error", .step = step.name, .result = nullptr, .error = &error_});
  const auto give_up = [&] { fail(step.name, error.kind, error.message); };
  if (!step.cases.empty()) {
    // The oldest rules wait for call.done and ask whether `error` is defined.
    const auto outcome = run_rules(step, {"call.error", "call.done", "step.exit"});
    if (!outcome.is_handled && !has_failed()) give_up();
    if (!has_failed()) mark_completed(step.name);
    return;
  }
  if (!result.is_null()) {
    context_.set_happening({.name = "call.error", .step = step.name, .result = &result, .error = &error_});
  }
  const auto verdict = apply_policy(step, true);
  if (has_failed()) return;
  const bool goes_on = verdict == Verdict::go_on || text_of(step.spec, {"on_error"}) == "continue";
  if (!goes_on || verdict == Verdict::fail) return give_up();
  mark_completed(step.name);
  if (apply_set(step, step.set, step.name)) follow_arcs(step);
}

void Decide::take_vars(const domain::Step& step) { apply_set(step, step.vars, step.name); }

// spec.policy.rules of a plain tool: [{when, then: {do, set}}, {else: {then: {…}}}]; the first that
// holds decides.
Decide::Verdict Decide::apply_policy(const domain::Step& step, bool is_error) {
  const Json* policy = step.tools.empty() ? nullptr : map_member(step.tools.front().spec, "policy");
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
    const auto act = then->is_object() ? text_of(*then, {"do"}) : std::string();
    if (act == "retry" || act == "jump") {
      const auto reason = is_error ? " (the tool failed: " + text_of(error_, {"message"}) + ")" : std::string();
      fail_unsupported(step, "'do: " + act + "' in its policy" + reason);
      return Verdict::fail;
    }
    if (const Json* set = map_member(*then, "set"); set != nullptr && !apply_set(step, *set, step.name)) {
      return Verdict::fail;
    }
    return act == "fail" ? Verdict::fail : Verdict::go_on;
  }
  return Verdict::none;
}

// Nothing more is issued and nothing is waited for: the caller cancels what is queued or running.
void Decide::cancel(const std::string& reason) {
  if (is_finished()) return;
  arrivals_.clear();
  state().outstanding.clear();
  Finish finish;
  finish.status = domain::ExecutionStatus::cancelled;
  finish.error = Json{{"kind", "cancelled"}, {"message", reason}, {"step", state().current_step}};
  append("execution.cancelled", state().current_step, "cancelled", Json{{"reason", reason}});
  state().bookkeeping["finished"] = to_string(finish.status);
  decision_.finish = std::move(finish);
}

base::Result<Decision> start(const Situation& situation) {
  Decide decide(situation, State{});
  decide.begin();
  if (decide.render_error()) {
    auto error = *decide.render_error();
    error.code = base::ErrorCode::invalid_input;
    error.message = "the playbook cannot start: " + error.message;
    return base::failure(std::move(error));
  }
  return decide.take();
}

Decision react(const Situation& situation, State state, const Occurrence& occurrence) {
  Decide decide(situation, std::move(state));
  if (!decide.is_finished()) decide.occurred(occurrence);
  return decide.take();
}

Decision cancel(const Situation& situation, State state, const std::string& reason) {
  Decide decide(situation, std::move(state));
  decide.cancel(reason);
  return decide.take();
}

}  // namespace noetl::engine
