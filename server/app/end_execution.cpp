#include "server/app/end_execution.hpp"

#include "shared/domain/json_text.hpp"

namespace noetl::app {

void end_execution(Parts& parts, store::Session& session, OpenExecution& open, engine::Decision decision) {
  DecisionWrites writes;
  std::string meta;
  log_notes::add_sequence(meta, ++decision.state.decisions);
  writes.add_events(parts, open.execution_id, decision.events, meta);
  open.state = std::move(decision.state);
  open.finish = std::move(decision.finish);
  open.is_changed = true;
  DecisionRun(parts, session, writes).add_update(open);
  (void)store::QueueTable(session).cancel_commands(open.execution_id);
  writes.write(session);
}

void fail_unreadable(Parts& parts, store::Session& session, const store::LockedExecution& row,
                     const domain::Json& error) {
  DecisionWrites writes;
  writes.add_events(parts, row.execution_id,
                    {{.event_type = "playbook.failed",
                      .step = {},
                      .status = "failed",
                      .payload = domain::Json{{"error", error}}}});
  writes.updates.push_back({.execution_id = row.execution_id,
                            .status = domain::ExecutionStatus::failed,
                            .outstanding = 0,
                            .current_step = {},
                            .state = row.state,
                            .result = {},
                            .error = domain::json_text(error)});
  (void)store::QueueTable(session).cancel_commands(row.execution_id);
  writes.write(session);
}

}  // namespace noetl::app
