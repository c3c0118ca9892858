// What happens when a step is entered: waiting at a join, admission, routers, frames and loops.
#include <algorithm>

#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

constexpr std::size_t none_ready = static_cast<std::size_t>(-1);

// "step" on the first visit, "step#2" on the second: unique in the execution (R7).
std::string node_of(const std::string& step, int visit) {
  return visit == 1 ? step : step + "#" + std::to_string(visit);
}

}  // namespace

// Loops before tokens: a loop that is over may be what a join has waited for.
void Evaluator::settle() {
  for (;;) {
    if (!open_loops_.empty()) {
      const auto loop = std::move(open_loops_.back());
      open_loops_.pop_back();
      go_on_with_loop(loop);
      continue;
    }
    if ((tokens_.empty() && !begin_final_step()) || has_failed()) break;
    const auto next = first_ready();
    if (next == none_ready) break;
    const Token token = std::move(tokens_[next]);
    tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(next));
    enter(token);
  }
  finish_if_quiet();
}

std::size_t Evaluator::first_ready() {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (!waits_for_others(i)) return i;
  }
  // Joins that wait for one another, with nothing running: the first goes, or nobody ever would.
  return state().outstanding.empty() ? 0 : none_ready;
}

// A join waits while anything that is going on may still lead to it. That needs no counting of tokens,
// so a branch that was not taken, or that ended early, never blocks it.
bool Evaluator::waits_for_others(std::size_t token) {
  if (const auto& own = tokens_[token]; own.is_of_item) {
    const auto& running = state().outstanding;
    return own.waits_its_turn &&
           std::any_of(running.begin(), running.end(), [&](const auto& node) { return node.second == own.step; });
  }
  if (state().outstanding.empty() && tokens_.size() == 1) return false;
  const auto step = index_of(tokens_[token].step);
  if (context_.plan().graph().predecessors(step) <= 1) return false;
  return context_.plan().graph().reachable(live_steps(token), step)[step];
}

void Evaluator::enter(const Token& token) {
  const auto& step = *decision_input_.playbook.find_step(token.step);
  const int visit = ++state().visits[step.name];
  if (visit > visits_max) {
    return fail(step.name, "too_many_visits",
                "step '" + step.name + "' was entered " + std::to_string(visits_max) +
                    " times, which is the most that one execution may: look for a back-edge that never ends");
  }
  context_.set_step(step.name);
  if (!is_admitted(step, token.args)) {
    append("step.skipped", step.name, "skipped", Json{{"reason", "its condition does not hold"}});
    return skip_branches(step, targets_of(step));
  }
  std::vector<Sink> sinks;
  if (run_enter_rules(step, sinks) || has_failed()) return;
  const auto node = node_of(step.name, visit);
  if (sinks.empty()) return begin_node(step, node, token.args);
  Frame frame;
  frame.node = node;
  frame.step = step.name;
  frame.args = token.args;
  frame.sinks = std::move(sinks);
  issue_sink(step, std::move(frame));
}

void Evaluator::begin_node(const domain::Step& step, const std::string& node, const Json& args) {
  if (step.loop) return begin_loop(step, node, args);
  if (step.tools.empty()) return run_router(step, args);
  Frame frame;
  frame.node = node;
  frame.step = step.name;
  frame.args = args;
  run(step, std::move(frame), {});
}

// executor.spec.final_step runs when all else is done and has gone well, unless something led to it before.
bool Evaluator::begin_final_step() {
  if (!state().outstanding.empty() || !tokens_.empty() || has_failed() || is_finished()) return false;
  const Json* spec = map_member(decision_input_.playbook.executor, "spec");
  const auto name = spec == nullptr ? std::string() : text_of(*spec, {"final_step"});
  if (name.empty() || index_of(name) == Graph::no_barrier || state().visits.contains(name)) return false;
  add_token({.step = name});
  return true;
}

// `when` at the step, and spec.policy.admit: {rules: [{when, then: {allow}}]}, whose first match decides.
bool Evaluator::is_admitted(const domain::Step& step, const Json& args) {
  context_.set_input(&args);
  bool is_allowed = context_.holds(step.when);
  const Json* policy = map_member(step.spec, "policy");
  const Json* admit = policy == nullptr ? nullptr : map_member(*policy, "admit");
  if (is_allowed && admit != nullptr && admit->contains("rules") && (*admit)["rules"].is_array()) {
    for (const auto& rule : (*admit)["rules"]) {
      const Json* then = map_member(rule.contains("else") ? rule["else"] : rule, "then");
      if (then == nullptr || !context_.holds(text_of(rule, {"when"}))) continue;
      is_allowed = then->value("allow", Json(true)) != Json(false);
      break;
    }
  }
  context_.set_input(nullptr);
  return is_allowed;
}

// A step without a tool completes where it stands. Its arguments, when it has any, are its result.
void Evaluator::run_router(const domain::Step& step, const Json& args) {
  if (++routers_run_ > routers_max) {
    return fail(step.name, "too_many_visits",
                "step '" + step.name + "' is reached by more than " + std::to_string(routers_max) +
                    " steps without a tool, one after another: look for a back-edge that never ends");
  }
  auto input = render(step, step.args);
  if (!input) return;
  if (input->is_object()) input->update(args);
  append("step.enter", step.name, "started", Json::object());
  if (input->is_object() && !input->empty()) {
    const auto& slot = set_result(step, std::move(*input));
    notes().last_result_step = step.name;
    context_.set_event(
        {.name = "call.done", .step = step.name, .result = &slot.value, .slot = nullptr, .error = nullptr});
  } else {
    context_.pass_through(step.name);
  }
  mark_completed(step.name);
  append("step.exit", step.name, "completed", Json::object());
  take_vars(step);
  if (has_failed() || !apply_set(step, step.set, step.name)) return;
  route(step, {"call.done", "step.exit"});
}

}  // namespace noetl::engine
