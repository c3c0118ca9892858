#include "server/executions/end_execution.hpp"

#include "shared/domain/json_text.hpp"

namespace noetl::executions {

namespace {
// Attempts that end with their execution: what their workers report later changes nothing.
void cancel_commands(postgres::Session& session, base::ExecutionId id, counts::Work& work) {
  for (auto& running : store::QueueTable(session).cancel_commands(id)) {
    work.attempts.push_back({.pool = std::move(running.pool),
                             .tool = std::move(running.tool_kind),
                             .outcome = counts::AttemptOutcome::cancelled,
                             .duration = {}});
  }
}
}  // namespace

dispatch::Effects end_execution(dispatch::ServerContext& context, postgres::Session& session,
                                decisions::LoadedExecution& open, engine::Decision decision) {
  decisions::WriteBatch writes;
  std::string meta;
  decisions::log_notes::add_sequence(meta, ++decision.state.decisions);
  writes.add_events(context, open.execution_id, decision.events, meta);
  open.state = std::move(decision.state);
  open.finish = std::move(decision.finish);
  open.is_changed = true;
  decisions::DecisionApplier(context, session, writes).add_update(open);
  cancel_commands(session, open.execution_id, writes.effects.work);
  writes.write(session);
  return std::move(writes.effects);
}

dispatch::Effects fail_unreadable(dispatch::ServerContext& context, postgres::Session& session,
                                  const store::OverdueExecution& overdue, const domain::Json& error) {
  const auto& row = overdue.row;
  decisions::WriteBatch writes;
  writes.add_events(
      context, row.execution_id,
      {{.event_type = "playbook.failed", .step = {}, .status = "failed", .payload = domain::Json{{"error", error}}}});
  writes.updates.push_back({.execution_id = row.execution_id,
                            .status = domain::ExecutionStatus::failed,
                            .outstanding = 0,
                            .current_step = {},
                            .state = row.state,
                            .result = {},
                            .error = domain::json_text(error)});
  writes.effects.work.ended.push_back({.execution_id = row.execution_id,
                                       .path = overdue.path,
                                       .version = overdue.version,
                                       .status = domain::ExecutionStatus::failed,
                                       .error = domain::json_text(error)});
  writes.effects.ended_children.push_back(row.execution_id);
  cancel_commands(session, row.execution_id, writes.effects.work);
  writes.write(session);
  return std::move(writes.effects);
}

}  // namespace noetl::executions
