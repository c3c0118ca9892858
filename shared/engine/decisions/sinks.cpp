// Sinks: where a step's result is written when a rule says so, before anything that follows is begun.
#include <utility>

#include "shared/engine/commands/sink_tool.hpp"
#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/state/durations.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {

void Evaluator::perform_sink(const domain::Step& step, const Json& written, RulesOutcome& outcome) {
  auto made = make_sink_tool(context_, decision_input_.playbook, written);
  if (made.refusal) {
    Json payload{{"error", Json{{"kind", made.refusal->kind}, {"message", made.refusal->message}}}};
    if (!made.kind.empty()) payload["kind"] = made.kind;
    return append("sink.failed", step.name, "failed", std::move(payload));
  }
  if (made.sink) {
    outcome.sinks.push_back(std::move(*made.sink));
  } else {
    append("sink.executed", step.name, "completed", Json{{"kind", made.kind}, {"data", std::move(made.data)}});
  }
}

// The outcome of the rules of a tool's end waits until the last sink has ended: sink_ended() goes on with it.
void Evaluator::hold_for_sinks(const domain::Step& step, Frame frame, ToolEnd& end, RulesOutcome outcome) {
  frame.sinks = std::move(outcome.sinks);
  auto& held = frame.ended.emplace();
  held.result = std::move(end.result);
  if (end.error) held.error = error_;
  held.is_routed = outcome.is_routed;
  held.is_handled = outcome.is_handled;
  held.tokens = std::move(outcome.tokens);
  if (outcome.retry) held.retry_ms = outcome.retry->delay.count();
  held.made = std::move(outcome.result);
  issue_sink(step, std::move(frame));
}

// The next sink of a frame: a command like any other.
void Evaluator::issue_sink(const domain::Step& step, Frame frame) {
  ++frame.commands;
  NewCommand command;
  const auto& sink = frame.sinks.front();
  command.step = step.name;
  command.node_id = frame.node + "!sink~" + std::to_string(frame.commands);
  command.tool_kind = text_of(sink.tool, {"kind"});
  command.tool = sink.tool;
  command.input = sink.input;
  command.templates = sink.templates;
  // perform_sink() has refused what cannot be read.
  if (const auto& timeout = first_member("timeout", {&command.tool}); !timeout.is_null())
    command.timeout = durations::duration_of(timeout, durations::timeout_bounds).value_or(std::chrono::milliseconds{0});
  if (auto pool = text_of(step.spec, {"pool"}); !pool.empty()) command.pool = std::move(pool);
  issue_command(step, std::move(frame), std::move(command));
}

// A failing sink is told of and does not fail the step.
void Evaluator::sink_ended(const domain::Step& step, Frame frame) {
  const ToolEnd end = std::move(end_);
  state().current_step = step.name;
  const auto kind = text_of(frame.sinks.front().tool, {"kind"});
  Json payload{{"kind", kind}, {"node", frame.node}};
  if (end.error) payload["error"] = to_json(*end.error);
  append(end.error ? "sink.failed" : "sink.executed", step.name, end.error ? "failed" : "completed",
         std::move(payload));
  if (has_failed()) return;
  frame.sinks.erase(frame.sinks.begin());
  if (!frame.sinks.empty()) return issue_sink(step, std::move(frame));

  auto held = std::exchange(frame.ended, std::nullopt);
  if (!held) return begin_node(step, frame.node, frame.args);  // a sink on step.enter
  auto& tool = end_;
  tool = {};
  tool.result = std::move(held->result);
  if (!held->error.is_null()) tool.error = tool_error_from_json(held->error);
  RulesOutcome outcome;
  outcome.is_routed = held->is_routed;
  outcome.is_handled = held->is_handled;
  if (held->retry_ms) outcome.retry = RetryAsk{.delay = std::chrono::milliseconds(*held->retry_ms)};
  outcome.tokens = std::move(held->tokens);
  outcome.result = std::move(held->made);
  error_ = tool.error ? to_json(*tool.error) : Json();
  if (tool.error) note_attempt(step, frame);
  frame_ = &frame;
  context_.set_frame(&frame);
  context_.set_event({.name = tool.error ? "call.error" : "call.done",
                      .step = step.name,
                      .result = tool.error ? nullptr : &tool.result,
                      .slot = nullptr,
                      .error = tool.error ? &error_ : nullptr});
  std::chrono::milliseconds delay{0};
  const bool runs_on = conclude(step, frame, tool, std::move(outcome), delay);
  frame_ = nullptr;
  context_.set_frame(nullptr);
  if (runs_on) run(step, std::move(frame), delay);
}

}  // namespace noetl::engine
