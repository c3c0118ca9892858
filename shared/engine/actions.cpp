// v2era rules: case / when / then.
#include <algorithm>
#include <cctype>

#include "shared/engine/evaluator.hpp"
#include "shared/engine/fields.hpp"

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
                                             const std::vector<std::string_view>& event_names) {
  RulesOutcome outcome;
  if (step.cases.empty()) return outcome;
  const bool is_failure = event_names.front() == "call.error";
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
bool Evaluator::run_enter_rules(const domain::Step& step, Json& sinks) {
  RulesOutcome outcome;
  for (const auto& rule : step.cases) {
    if (rule.when.find("step.enter") == std::string::npos) continue;
    context_.set_event(
        {.name = "step.enter", .step = step.name, .result = nullptr, .slot = nullptr, .error = nullptr});
    if (!context_.holds(rule.when)) continue;
    bool is_skipped = false;
    for (const auto& action : rule.then) {
      is_skipped = is_skipped || action.kind == "skip";
      perform(step, action, outcome);
      if (has_failed()) return true;
    }
    if (is_skipped) {
      if (std::none_of(rule.then.begin(), rule.then.end(),
                       [](const auto& action) { return action.kind == "next"; })) {
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
  fail(step.name, "invalid_playbook",
       "step '" + step.name + "': a rule has the unknown action '" + action.kind + "'");
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
  if (!value)
    return fail(step.name, "template", "step '" + step.name + "', result: " + value.error().message);
  if (frame_ != nullptr && frame_->is_iteration()) {
    outcome.result = std::move(*value);
    return;
  }
  state().results[step.name] = ResultSlot{.value = std::move(*value), .reference = {}, .loop = {}};
  state().bookkeeping["result_step"] = step.name;
}

// On step.enter the tool does not run; later it ends this branch.
void Evaluator::perform_skip(const domain::Step& step, const Json& spec, RulesOutcome& outcome) {
  outcome.is_routed = true;
  outcome.is_handled = true;
  auto reason = render(step, text_of(spec, {"reason", "message"}));
  if (!reason) return;
  append("step.skipped", step.name, "skipped", Json{{"reason", std::move(*reason)}});
}

}  // namespace noetl::engine
