// Frames: from one command of a step's tools to the next.
#include <algorithm>
#include <string_view>

#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/plan/text_reads.hpp"
#include "shared/engine/state/fields.hpp"
#include "shared/engine/state/large_results.hpp"
#include "shared/engine/state/tool_error.hpp"

namespace noetl::engine {
namespace {

// In a pipeline `noop` only carries rules: no worker is asked for that. A loop without a tool has nothing
// but rounds.
bool is_run_here(const domain::Step& step, const Frame& frame) {
  if (step.tools.empty()) return true;
  return step.tools.size() > 1 && step.tools[frame.task].kind == "noop";
}

Json failure_as_result(const Json& result, const Json& error) {
  return result.is_null() ? Json{{"status", "error"}, {"error", error}} : result;
}

}  // namespace

// Nothing when no such frame is outstanding; a failure when the stored one cannot be read.
base::Result<std::optional<Frame>> Evaluator::frame_of(const NodeResult& node_result) const {
  std::optional<Frame> none;
  Frame frame;
  if (node_result.frame.empty()) {
    const auto node = decision_.state.outstanding.find(node_result.node_id);
    if (node == decision_.state.outstanding.end()) return none;
    frame.node = node->first;
    frame.step = node->second;
    frame.commands = 1;
    return std::optional<Frame>(std::move(frame));
  }
  auto stored = frame_from_text(node_result.frame);
  if (!stored) return base::failure(stored.error());
  const auto& unit = stored->is_iteration() ? stored->loop : stored->node;
  if (!decision_.state.outstanding.contains(unit)) return none;
  return std::optional<Frame>(std::move(*stored));
}

// A command has ended whose frame is damaged. The execution fails rather than wait for it for ever: what
// is outstanding is told by the command's name, which begins with its node's.
void Evaluator::give_up_frame(const std::string& node_id, const std::string& why) {
  auto& outstanding = state().outstanding;
  auto found = outstanding.end();
  for (auto node = outstanding.begin(); node != outstanding.end(); ++node) {
    if (node_id.starts_with(node->first) && (found == outstanding.end() || node->first.size() > found->first.size()))
      found = node;
  }
  if (found == outstanding.end()) return;
  const auto [node, step] = *found;
  if (LoopNotes* loop = find_loop(node)) {
    --(loop->cursor && node_id.find("!claim~") != std::string::npos ? loop->cursor->claiming : loop->running);
    open_loops_.push_back(node);
  } else {
    outstanding.erase(found);
  }
  fail(step, "internal", "command '" + node_id + "' ended, but " + why);
}

// Carries out a task that needs no worker. False: its templates failed, and `end_` says so.
bool Evaluator::carry_out_here(const domain::Step& step, Frame& frame) {
  context_.set_frame(&frame);
  end_ = {};
  const bool is_round = step.tools.empty();
  static const Json nothing{{"status", "ok"}};
  const Json& data = is_round ? Json() : first_of(step.tools[frame.task].options, {"data"});
  auto made = context_.render(is_round ? step.args : data.is_null() ? nothing : data);
  if (!made) return cannot_render(step, is_round ? "" : step.tools[frame.task].label, made.error());
  end_.result = is_round && made->empty() ? frame.item : std::move(*made);
  return true;
}

// Issues the frame's task, or carries it out when it needs no worker. A template that fails is the end of the task with an
// error, on which the step's rules and policy have their say.
void Evaluator::run(const domain::Step& step, Frame frame, std::chrono::milliseconds delay) {
  for (;;) {
    const bool is_here = is_run_here(step, frame);
    if (is_here)
      static_cast<void>(carry_out_here(step, frame));
    else if (issue(step, frame, delay))
      return;
    if (++tasks_run_here_ > tasks_run_here_max) {
      return fail(step.name, "too_many_commands",
                  "'" + frame.node + "' passes more than " + std::to_string(tasks_run_here_max) +
                      " tasks without a worker, one after another: look for a jump that never ends");
    }
    if (!judge(step, frame, end_, delay)) return;
  }
}

void Evaluator::tool_ended(const domain::Step& step, Frame frame) {
  std::chrono::milliseconds delay{0};
  Json place;
  if (end_.error) {
    note_empty_templates(step, frame, *end_.error);
    note_attempt(step, frame);
    place = place_of(frame, tried_);
    if (const auto details = to_json(*end_.error); details.contains("templates"))
      place["templates"] = details["templates"];
  }
  const bool runs_on = judge(step, frame, end_, delay);
  if (!place.is_null()) {
    place["attempts"] = std::max(tried_.attempt, tried_.attempts);  // what it asks for is known by now
    decision_.place = std::move(place);
  }
  if (runs_on) run(step, std::move(frame), delay);
}

void Evaluator::note_attempt(const domain::Step& step, const Frame& frame) {
  tried_ = {.task = {}, .attempt = frame.attempt, .attempts = frame.attempts};
  if (step.tools.size() > 1)
    tried_.task = step.tools[frame.task].label.empty() ? std::to_string(frame.task + 1) : step.tools[frame.task].label;
}

// What a tool's end means. True: the frame's task, which may be another one now, is to be run.
bool Evaluator::judge(const domain::Step& step, Frame& frame, ToolEnd& end, std::chrono::milliseconds& delay) {
  state().current_step = step.name;
  if (end.error) note_attempt(step, frame);
  if (has_failed()) {  // draining; the first failure counts
    error_ = end.error ? to_json(*end.error) : Json();
    if (frame.is_iteration()) iteration_over(frame, end);
    if (!frame.is_iteration() && !end.result.is_null()) set_result(step, std::move(end.result));
    if (!end.error && !frame.is_iteration()) {
      notes().last_result_step = step.name;
      mark_completed(step.name);
    }
    return false;
  }
  error_ = end.error ? to_json(*end.error) : Json();
  context_.set_frame(&frame);
  frame_ = &frame;
  bool runs_on = false;
  const bool is_ruled = !step.cases.empty() && step.tools.size() <= 1;
  const bool keeps_result = !frame.is_iteration() && step.tools.size() <= 1 && !end.result.is_null();
  if (keeps_result) {
    set_result(step, end.result);
    if (!end.error) notes().last_result_step = step.name;
  }
  // Rules of the older kind see a failure without its result; a policy sees both.
  const bool shows_result = !end.error || (!is_ruled && !end.result.is_null());
  context_.set_event({.name = end.error ? "call.error" : "call.done",
                      .step = step.name,
                      .result = shows_result ? &end.result : nullptr,
                      .slot = nullptr,
                      .error = end.error ? &error_ : nullptr});
  delay = std::chrono::milliseconds{0};
  context_.see_whole_answers(true);
  const auto verdict = step.tools.empty() ? Verdict::none : apply_policy(step, step.tools[frame.task], frame, delay);
  context_.see_whole_answers(false);
  std::optional<std::chrono::milliseconds> again;
  if (end.error && verdict == Verdict::none && !has_failed()) again = written_retry(step, step.tools[frame.task]);
  if (has_failed()) {  // it does not run on
  } else if (again) {
    delay = *again;
    runs_on = true;
  } else if (verdict == Verdict::retry) {
    ++frame.attempt;
    runs_on = true;
  } else if (verdict == Verdict::jump) {
    frame.attempt = frame.attempts = 1;
    runs_on = true;
  } else if (verdict == Verdict::fail) {
    frame_failed(step, frame, end);
  } else if (verdict == Verdict::leave) {
    frame_completed(step, frame, end.error ? failure_as_result(end.result.get(), error_) : std::move(end.result));
  } else if (is_ruled) {
    runs_on = judge_by_rules(step, frame, end, delay);
  } else if (end.error && verdict == Verdict::none) {
    frame_failed(step, frame, end);
  } else if (end.error && step.tools.size() <= 1 && !frame.is_iteration()) {
    // Its policy goes on after the error: arcs see it.
    mark_completed(step.name);
    if (apply_set(step, step.set, step.name)) follow_arcs(step);
  } else {
    if (end.error) end.result = failure_as_result(end.result.get(), error_);
    runs_on = next_task(step, frame, end);
  }
  frame_ = nullptr;
  if (!runs_on) context_.set_frame(nullptr);
  return runs_on;
}

// The task has gone well, or its policy says to go on: its names are set, and the next one follows.
bool Evaluator::next_task(const domain::Step& step, Frame& frame, ToolEnd& end) {
  if (step.tools.empty()) {
    frame_completed(step, frame, std::move(end.result));
    return false;
  }
  const auto& tool = step.tools[frame.task];
  const bool keeps_all = !frame.is_iteration() && context_.plan().are_results_read(step);
  if (!tool.label.empty() && step.tools.size() > 1 && (keeps_all || is_label_read(step, tool.label, frame.task))) {
    frame.results[tool.label] = end.result.get();
  }
  context_.see_whole_answers(true);
  const bool is_set = apply_task_set(step, tool.set, frame);
  context_.see_whole_answers(false);
  if (!is_set) return false;
  if (frame.task + 1 >= step.tools.size()) {
    frame_completed(step, frame, std::move(end.result));
    return false;
  }
  if (context_.plan().is_previous_read(step)) frame.previous = end.result.take();
  ++frame.task;
  frame.attempt = frame.attempts = 1;
  if (!keeps_all) forget_what_nothing_reads(step, frame);
  return true;
}

bool Evaluator::judge_by_rules(const domain::Step& step, Frame& frame, ToolEnd& end, std::chrono::milliseconds& delay) {
  if (!end.error) {
    if (!frame.is_iteration()) take_vars(step);
    if (!has_failed() && !step.set.empty() && !frame.is_iteration()) apply_set(step, step.set, step.name);
  }
  if (has_failed()) return false;
  // The oldest rules wait for call.done and ask whether `error` is defined.
  auto outcome = end.error ? run_rules(step, {"call.error", "call.done", "step.exit"})
                           : run_rules(step, {"call.done", "step.exit"});
  if (has_failed()) return false;
  if (outcome.sinks.empty()) return conclude(step, frame, end, std::move(outcome), delay);
  hold_for_sinks(step, std::move(frame), end, std::move(outcome));
  return false;
}

// What the rules of a step come to. True: the tool runs again.
bool Evaluator::conclude(const domain::Step& step, Frame& frame, ToolEnd& end, RulesOutcome outcome,
                         std::chrono::milliseconds& delay) {
  if (outcome.retry) {
    delay = outcome.retry->delay;
    return true;
  }
  if (end.error && !outcome.is_handled) {
    frame_failed(step, frame, end);
    return false;
  }
  publish_collected(step);
  if (!frame.collected.is_null()) end.result = collected_of(frame);
  if (frame.is_iteration()) {
    // What leads on for each round goes at once; anything else follows the loop, once.
    std::vector<Token> after;
    for (auto& token : outcome.tokens) {
      if (token.is_of_item)
        add_token(std::move(token));
      else
        after.push_back(std::move(token));
    }
    auto& routed = find_loop(frame.loop)->routed;
    if (outcome.is_routed && (!after.empty() || !routed)) routed = std::move(after);
    if (outcome.result && !end.error) end.result = std::move(*outcome.result);
    iteration_over(frame, end, end.error.has_value());
    return false;
  }
  if (!end.error) {
    notes().last_result_step = step.name;
    move_out_very_large(step);
  }
  mark_completed(step.name);
  for (auto& token : outcome.tokens) add_token(std::move(token));
  if (end.error || outcome.is_routed) return false;
  context_.rename_event("call.done");
  follow_arcs(step);
  return false;
}

void Evaluator::frame_failed(const domain::Step& step, Frame& frame, ToolEnd& end) {
  if (!end.error) {
    domain::ToolError error;
    error.kind = "failed";
    error.message = "the policy of step '" + step.name + "' failed it";
    note_attempt(step, frame);
    end.error = std::move(error);
    error_ = to_json(*end.error);
  }
  if (frame.is_iteration()) return iteration_over(frame, end);
  if (text_of(step.spec, {"on_error"}) != "continue") {
    auto message = end.error->message;
    if (step.tools.size() > 1) message = "task '" + step.tools[frame.task].label + "': " + message;
    return fail(step.name, end.error->kind, std::move(message), failure_details(error_, place_of(frame, tried_)));
  }
  mark_completed(step.name);
  if (apply_set(step, step.set, step.name)) follow_arcs(step);
}

void Evaluator::frame_completed(const domain::Step& step, Frame& frame, json::LazyJson result) {
  if (frame.is_iteration()) return iteration_over(frame, {.result = std::move(result), .error = {}});
  // `step.results.label`, for the labels that something after the pipeline could read.
  if (step.tools.size() > 1 && !frame.results.empty() && result.get().is_object() &&
      !result.get().contains("results")) {
    Json with_results = result.take();
    with_results["results"] = std::move(frame.results);
    result = std::move(with_results);
  }
  const auto& slot = set_result(step, std::move(result));
  notes().last_result_step = step.name;
  move_out_very_large(step);
  context_.set_event({.name = "call.done", .step = step.name, .result = nullptr, .slot = &slot, .error = nullptr});
  step_completed(step);
}

// What follows reads such a result by reference from the start.
void Evaluator::move_out_very_large(const domain::Step& step) {
  if (!decision_input_.new_result_id) return;
  auto& slot = state().results[step.name];
  if (slot.reference.is_set() || !slot.loop.empty() || !is_larger(slot.value, reference_bytes_min)) return;
  json::LazyJson value;
  decision_.large_results.push_back(
      move_out(decision_input_.playbook, step.name, slot, decision_input_.new_result_id(), value));
  context_.keep_loaded(slot.reference, std::move(value));
}

// Variables, rules and arcs of a step whose frame is over and whose event is set.
void Evaluator::step_completed(const domain::Step& step) {
  mark_completed(step.name);
  take_vars(step);
  if (has_failed() || !apply_set(step, step.set, step.name)) return;
  route(step, {"call.done", "step.exit"});
}

void Evaluator::take_vars(const domain::Step& step) { apply_set(step, step.vars, step.name); }

}  // namespace noetl::engine
