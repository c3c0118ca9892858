#include "shared/engine/engine.hpp"

#include "shared/engine/decide.hpp"
#include "shared/engine/fields.hpp"
#include "shared/engine/tool_error.hpp"

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

void Decide::begin(const std::string& entry) {
  append("playbook.initialized", "", "started", Json{{"workload", situation_.workload}});
  if (situation_.playbook.find_step(entry) == nullptr) {
    fail(entry, "invalid_playbook",
         "the playbook starts with the step '" + entry + "', which it does not have");
  } else {
    arrivals_.push_back({.step = entry});
  }
  settle();
}

void Decide::occurred(const Occurrence& occurrence) {
  // A command that was handed back has not ended: somebody else runs it.
  if (occurrence.outcome == domain::Outcome::released) return;
  const bool is_claim = occurrence.frame.is_object() && occurrence.frame.contains("claim");
  auto known = frame_of(occurrence);
  if (!known) {
    give_up_frame(occurrence.node_id, known.error().message);
    return settle();
  }
  auto& frame = *known;
  if (!frame) return;
  const auto* step = situation_.playbook.find_step(frame->step);
  if (step == nullptr) {
    state().outstanding.erase(frame->node);
    fail(occurrence.node_id, "internal", "a command ended for a step that the playbook does not have");
    return settle();
  }
  context_.set_step(step->name);
  end_ = {.result = occurrence.result, .error = {}};
  if (occurrence.outcome != domain::Outcome::completed) {
    end_.error = error_of(occurrence);
  } else if (situation_.playbook.generation != "v10") {
    // Today's authors give {"status": "error"} as any other data, and say in arcs what follows.
    end_.error = error_in_result(occurrence.result.get());
  }
  if (is_claim) {
    claim_ended(*step, frame->node, end_);
    return settle();
  }
  // The frame is out of the state while it is decided about; its next command puts it back.
  if (frame->is_iteration()) {
    Json* loop = find_loop(frame->loop);
    if (loop == nullptr) return;
    --(*loop)["running"].get_ref<Json::number_integer_t&>();
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
void Decide::end_now(domain::ExecutionStatus status, std::string_view kind, const std::string& message) {
  if (is_finished()) return;
  arrivals_.clear();
  state().outstanding.clear();
  Finish finish;
  finish.status = status;
  finish.error = Json{{"kind", kind}, {"message", message}, {"step", state().current_step}};
  if (status == domain::ExecutionStatus::cancelled) {
    append("execution.cancelled", state().current_step, "cancelled", Json{{"reason", message}});
  } else {
    append("playbook.failed", state().current_step, "failed",
           Json{{"error", finish.error}, {"final_step", state().current_step}});
  }
  state().bookkeeping["finished"] = to_string(finish.status);
  decision_.finish = std::move(finish);
}

namespace {

base::Result<Decision> first_decision(Decide& decide) {
  if (decide.render_error()) {
    auto error = *decide.render_error();
    error.code = base::ErrorCode::invalid_input;
    error.message = "the playbook cannot start: " + error.message;
    return base::failure(std::move(error));
  }
  return decide.take();
}

}  // namespace

base::Result<Decision> start(const Situation& situation) {
  Decide decide(situation, State{});
  decide.begin(situation.playbook.entry);
  return first_decision(decide);
}

base::Result<Decision> start_again(const Situation& situation, const State& earlier,
                                   const std::string& step) {
  const auto found = situation.playbook.step_index.find(step);
  if (found == situation.playbook.step_index.end()) {
    return base::failure(base::ErrorCode::invalid_input,
                         "the playbook has no step '" + step + "' to begin at", "/from_step");
  }
  auto is_gone = Graph(situation.playbook).reachable({found->second}, Graph::no_barrier);
  is_gone[found->second] = true;
  State state;
  state.variables = earlier.variables;
  const auto is_kept = [&](const std::string& name) {
    const auto index = situation.playbook.step_index.find(name);
    return index != situation.playbook.step_index.end() && !is_gone[index->second];
  };
  for (const auto& [name, slot] : earlier.results) {
    if (is_kept(name)) state.results.emplace(name, slot);
  }
  for (const auto& name : earlier.completed_steps) {
    if (is_kept(name)) state.completed_steps.push_back(name);
  }
  if (const auto aliases = earlier.bookkeeping.find("aliases"); aliases != earlier.bookkeeping.end()) {
    state.bookkeeping["aliases"] = *aliases;
  }
  Decide decide(situation, std::move(state));
  decide.begin(step);
  return first_decision(decide);
}

Decision react(const Situation& situation, State state, const Occurrence& occurrence) {
  Decide decide(situation, std::move(state));
  if (!decide.is_finished()) decide.occurred(occurrence);
  return decide.take();
}

Decision cancel(const Situation& situation, State state, const std::string& reason) {
  Decide decide(situation, std::move(state));
  decide.end_now(domain::ExecutionStatus::cancelled, "cancelled", reason);
  return decide.take();
}

Decision time_out(const Situation& situation, State state, const std::string& message) {
  Decide decide(situation, std::move(state));
  decide.end_now(domain::ExecutionStatus::failed, "timeout", message);
  return decide.take();
}

}  // namespace noetl::engine
