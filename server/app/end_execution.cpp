#include "server/app/end_execution.hpp"

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

}  // namespace noetl::app
