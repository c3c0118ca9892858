// v2era rules: case / when / then.
#include <algorithm>
#include <cctype>

#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/plan/set_places.hpp"
#include "shared/engine/state/durations.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

// After a failure only rules that speak of failure are looked at: `event.name == 'step.exit'`, which
// ends most steps in the field, is meant for the good case and must not hide an error.
bool speaks_of_failure(const std::string& when) {
  std::string lower(when);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower.find("error") != std::string::npos || lower.find("fail") != std::string::npos;
}

}  // namespace

// The list is looked through once for every event of the completion; the first rule that holds wins,
// and a rule acts once: one without an event test would otherwise route twice.
Evaluator::RulesOutcome Evaluator::run_rules(const domain::Step& step,
                                             std::initializer_list<std::string_view> event_names) {
  RulesOutcome outcome;
  if (step.cases.empty()) return outcome;
  const bool is_failure = *event_names.begin() == "call.error";
  arriving_ = &outcome.tokens;
  std::vector<bool> has_acted(step.cases.size(), false);
  for (const auto event_name : event_names) {
    context_.rename_event(event_name);
    for (std::size_t i = 0; i < step.cases.size(); ++i) {
      const auto& rule = step.cases[i];
      if (is_failure && !speaks_of_failure(rule.when)) continue;
      // What does not speak of the loop's end was meant for its rounds.
      if (event_name == "loop.done" && rule.when.find("loop.done") == std::string::npos) continue;
      if (!context_.holds(rule.when)) continue;
      if (has_acted[i]) break;
      has_acted[i] = true;
      for (const auto& action : rule.then) {
        perform(step, action, outcome);
        if (has_failed()) break;
      }
      break;
    }
    if (has_failed()) break;
  }
  arriving_ = &tokens_;
  return outcome;
}

// Rules on step.enter must say so: the others read what only the tool brings. True: the step's tool is
// not to run.
bool Evaluator::run_enter_rules(const domain::Step& step, std::vector<Sink>& sinks) {
  RulesOutcome outcome;
  for (const auto& rule : step.cases) {
    if (rule.when.find("step.enter") == std::string::npos) continue;
    context_.set_event({.name = "step.enter", .step = step.name, .result = nullptr, .slot = nullptr, .error = nullptr});
    if (!context_.holds(rule.when)) continue;
    bool is_skipped = false;
    for (const auto& action : rule.then) {
      is_skipped = is_skipped || action.kind == "skip";
      perform(step, action, outcome);
      if (has_failed()) return true;
    }
    if (is_skipped) {
      if (std::none_of(rule.then.begin(), rule.then.end(), [](const auto& action) { return action.kind == "next"; })) {
        follow_arcs(step);
      }
      return true;
    }
    sinks = std::move(outcome.sinks);
    break;
  }
  return false;
}

void Evaluator::perform(const domain::Step& step, const domain::Action& action, RulesOutcome& outcome) {
  if (action.kind == "next" || action.kind == "call") return perform_next(step, action, outcome);
  if (action.kind == "set") {
    apply_set(step, action.spec, step.name);
    return;
  }
  if (action.kind == "result") return perform_result(step, action.spec, outcome);
  if (action.kind == "skip") return perform_skip(step, action.spec, outcome);
  if (action.kind == "sink") return perform_sink(step, action.spec, outcome);
  if (action.kind == "collect") return perform_collect(step, action.spec);
  if (action.kind == "retry") return perform_retry(step, action.spec, outcome);
  if (action.kind == "fail") {
    const auto message = render(step, text_of(action.spec, {"message", "reason", "error"}));
    if (!message) return;
    const auto text = message->is_string() ? message->get<std::string>() : message->dump();
    return fail(step.name, "failed", text.empty() ? "step '" + step.name + "' asked to fail" : text);
  }
  if (action.kind == "log") {
    auto entry = render(step, action.spec);
    if (!entry) return;
    if (!entry->is_object()) *entry = Json{{"message", *entry}};
    return append("step.log", step.name, "completed", std::move(*entry));
  }
  fail(step.name, "invalid_playbook", "step '" + step.name + "': a rule has the unknown action '" + action.kind + "'");
}

// `call` issues a step beside whatever else follows; only `next` takes the place of the plain `next`.
void Evaluator::perform_next(const domain::Step& step, const domain::Action& action, RulesOutcome& outcome) {
  outcome.is_routed = outcome.is_routed || action.kind == "next";
  outcome.is_handled = true;
  publish_collected(step);
  // A step that is called comes at once, even from an iteration, which otherwise leads nowhere by itself.
  const bool is_call = action.kind == "call" && frame_ != nullptr && frame_->is_iteration();
  if (is_call) arriving_ = &tokens_;
  for (const auto& arc : action.arcs) {
    if (!context_.holds(arc.when)) continue;
    is_firing_for_item_ = is_for_item(step, arc);
    const auto fired = is_firing_for_item_ ? arriving_->size() : 0;
    const bool goes_on = fire(step, arc);
    // A step that reads the item under the iterator's name goes on seeing it.
    if (is_firing_for_item_ && arriving_->size() > fired)
      arriving_->back().args.emplace(step.loop->iterator, frame_->item);
    is_firing_for_item_ = false;
    if (!goes_on) break;
  }
  if (is_call) arriving_ = &outcome.tokens;
}

// `next` in a round of a loop means: after the loop, once. Where it gives something of the round, or the step that it leads
// to reads that, it means: for each round.
bool Evaluator::is_for_item(const domain::Step& step, const domain::Arc& arc) const {
  if (frame_ == nullptr || !frame_->is_iteration() || !step.loop) return false;
  if (mentions(arc.args, "{{") || mentions(arc.set, "{{")) return true;
  const auto* target = decision_input_.playbook.find_step(arc.step);
  if (target == nullptr) return false;
  std::vector<std::string> roots;
  templating::collect_roots(target->args, roots);
  for (const auto& tool : target->tools) {
    templating::collect_roots(tool.options, roots);
    templating::collect_roots(tool.input, roots);
  }
  return std::any_of(roots.begin(), roots.end(), [&](const std::string& root) {
    return root == step.loop->iterator || root == "iter" || root == "response" || root == "result";
  });
}

// {from: response.data} makes that value the step's result, and the execution's unless another says so later.
void Evaluator::perform_result(const domain::Step& step, const Json& spec, RulesOutcome& outcome) {
  const auto from = text_of(spec, {"from", "value"});
  if (from.empty()) return;
  auto value = context_.evaluate(from);
  if (!value) return fail(step.name, "template", "step '" + step.name + "', result: " + value.error().message);
  if (frame_ != nullptr && frame_->is_iteration()) {
    outcome.result = std::move(*value);
    return;
  }
  set_result(step, std::move(*value));
  notes().result_step = step.name;
}

// On step.enter the tool does not run; later it ends this branch.
void Evaluator::perform_skip(const domain::Step& step, const Json& spec, RulesOutcome& outcome) {
  outcome.is_routed = true;
  outcome.is_handled = true;
  auto reason = render(step, text_of(spec, {"reason", "message"}));
  if (!reason) return;
  append("step.skipped", step.name, "skipped", Json{{"reason", std::move(*reason)}});
}
namespace {

// Who writes no delay waits for a second; who writes `none` does not wait.
base::Result<base::Backoff> backoff_of_policy(const Json& then) {
  const bool waits = text_of(then, {"backoff"}) != "none";
  return backoff_of(then, std::chrono::seconds(waits ? 1 : 0));
}

// How often and how long, without what else stands beside `do: retry`.
Json amounts_of(const Json& then) {
  Json amounts = Json::object();
  for (const auto* name : {"attempts", "delay", "initial_delay", "backoff", "backoff_multiplier", "max_delay"}) {
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
    append(
        "task.retry", step.name, "retrying",
        Json{{"node", frame.node}, {"task", tool.label}, {"attempt", frame.attempt + 1}, {"delay_ms", delay.count()}});
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
