#include "shared/engine/engine.hpp"

#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/state/fields.hpp"
#include "shared/engine/state/tool_error.hpp"

namespace noetl::engine {
namespace {

domain::ToolError error_of(const NodeResult& node_result) {
  if (node_result.error) return *node_result.error;
  domain::ToolError error;
  const bool is_cancelled = node_result.outcome == domain::Outcome::cancelled;
  error.kind = is_cancelled ? "cancelled" : "internal";
  error.message = is_cancelled ? "the command was cancelled" : "the command failed without saying why";
  return error;
}

}  // namespace

void Evaluator::begin(const std::string& entry) {
  append("playbook.initialized", "", "started", map_of("workload", decision_input_.workload));
  if (decision_input_.playbook.find_step(entry) == nullptr) {
    fail(entry, "invalid_playbook", "the playbook starts with the step '" + entry + "', which it does not have");
  } else {
    tokens_.push_back({.step = entry});
  }
  settle();
}

void Evaluator::node_ended(const NodeResult& node_result) {
  // A command that was handed back has not ended: somebody else runs it.
  if (node_result.outcome == domain::Outcome::released) return;
  auto known = frame_of(node_result);
  if (!known) {
    give_up_frame(node_result.node_id, known.error().message);
    return settle();
  }
  auto& frame = *known;
  if (!frame) return;
  const auto* step = decision_input_.playbook.find_step(frame->step);
  if (step == nullptr) {
    state().outstanding.erase(frame->node);
    fail(node_result.node_id, "internal", "a command ended for a step that the playbook does not have");
    return settle();
  }
  context_.set_step(step->name);
  end_ = {.result = node_result.result, .error = {}};
  if (node_result.outcome != domain::Outcome::completed) {
    end_.error = error_of(node_result);
  } else if (decision_input_.playbook.generation != "v10") {
    // Today's authors give {"status": "error"} as any other data, and say in arcs what follows.
    end_.error = error_in_result(node_result.result.get());
  }
  if (frame->is_claim) {
    claim_ended(*step, frame->node, end_);
    return settle();
  }
  // The frame is out of the state while it is decided about; its next command puts it back.
  if (frame->is_iteration()) {
    LoopNotes* loop = find_loop(frame->loop);
    if (loop == nullptr) return;
    --loop->running;
    open_loops_.push_back(frame->loop);
  } else {
    state().outstanding.erase(frame->node);
  }
  if (frame->sinks.empty())
    tool_ended(*step, std::move(*frame));
  else
    sink_ended(*step, std::move(*frame));
  settle();
}

// Nothing more is issued and nothing is waited for: the caller cancels what is queued or running.
void Evaluator::end_now(domain::ExecutionStatus status, std::string_view kind, const std::string& message) {
  if (is_finished()) return;
  tokens_.clear();
  state().outstanding.clear();
  Finish finish;
  finish.status = status;
  finish.error = Json{{"kind", kind}, {"message", message}, {"step", state().current_step}};
  if (status == domain::ExecutionStatus::cancelled) {
    append("execution.cancelled", state().current_step, "cancelled", map_of("reason", message));
  } else {
    append("playbook.failed", state().current_step, "failed",
           Json{{"error", finish.error}, {"final_step", state().current_step}});
  }
  notes().finished = to_string(finish.status);
  decision_.finish = std::move(finish);
}

namespace {

base::Result<Decision> first_decision(Evaluator& evaluator) {
  if (evaluator.render_error()) {
    auto error = *evaluator.render_error();
    error.code = base::ErrorCode::invalid_input;
    error.message = "the playbook cannot start: " + error.message;
    return base::failure(std::move(error));
  }
  return evaluator.take();
}

}  // namespace

base::Result<Decision> start(const DecisionInput& decision_input) {
  Evaluator evaluator(decision_input, State{});
  evaluator.begin(decision_input.playbook.entry);
  return first_decision(evaluator);
}

base::Result<Decision> start_again(const DecisionInput& decision_input, const State& earlier, const std::string& step) {
  const auto found = decision_input.playbook.step_index.find(step);
  if (found == decision_input.playbook.step_index.end()) {
    return base::failure(base::ErrorCode::invalid_input, "the playbook has no step '" + step + "' to begin at",
                         "/from_step");
  }
  auto is_gone = Plan::of(decision_input.playbook).graph().reachable({found->second}, Graph::no_barrier);
  is_gone[found->second] = true;
  State state;
  state.variables = earlier.variables;
  const auto is_kept = [&](const std::string& name) {
    const auto index = decision_input.playbook.step_index.find(name);
    return index != decision_input.playbook.step_index.end() && !is_gone[index->second];
  };
  for (const auto& [name, slot] : earlier.results) {
    if (is_kept(name)) state.results.emplace(name, slot);
  }
  for (const auto& name : earlier.completed_steps) {
    if (is_kept(name)) state.completed_steps.push_back(name);
  }
  state.notes.aliases = earlier.notes.aliases;
  Evaluator evaluator(decision_input, std::move(state));
  evaluator.begin(step);
  return first_decision(evaluator);
}

Decision react(const DecisionInput& decision_input, State state, const NodeResult& node_result) {
  Evaluator evaluator(decision_input, std::move(state));
  if (!evaluator.is_finished()) evaluator.node_ended(node_result);
  return evaluator.take();
}

Decision cancel(const DecisionInput& decision_input, State state, const std::string& reason) {
  Evaluator evaluator(decision_input, std::move(state));
  evaluator.end_now(domain::ExecutionStatus::cancelled, "cancelled", reason);
  return evaluator.take();
}

Decision time_out(const DecisionInput& decision_input, State state, const std::string& message) {
  Evaluator evaluator(decision_input, std::move(state));
  evaluator.end_now(domain::ExecutionStatus::failed, "timeout", message);
  return evaluator.take();
}

}  // namespace noetl::engine
