#include "server/app/take_back.hpp"

#include "server/app/decision_writes.hpp"
#include "server/store/connection_pool.hpp"
#include "server/store/pause_statements.hpp"

namespace noetl::app {

int round_of_resume(base::IdGenerator& ids) { return static_cast<int>(ids.next() & 0x3fff'ffff); }

notify::Ring ring_of(store::WaitingCommand command, int round) {
  notify::Ring ring;
  ring.queue_id = command.queue_id;
  ring.execution_id = command.execution_id;
  ring.step = std::move(command.step);
  ring.pool = std::move(command.pool);
  ring.priority = command.priority;
  ring.epoch = command.epoch;
  ring.round = round;
  return ring;
}

int take_back_put_off(Parts& parts, const std::vector<base::ExecutionId>& executions) {
  std::vector<notify::Ring> rings;
  parts.connections.transact([&](store::Session& session) {
    rings.clear();
    std::vector<base::ExecutionId> going_on;
    for (const auto& row : store::ExecutionTable(session).lock(executions)) {
      if (row.status == domain::ExecutionStatus::running && !row.is_paused)
        going_on.push_back(row.execution_id);
    }
    const int round = round_of_resume(parts.ids);
    for (auto& command : store::PauseStatements(session).take_back_commands(going_on))
      rings.push_back(ring_of(std::move(command), round));
  });
  ring(parts, rings);
  return static_cast<int>(rings.size());
}

}  // namespace noetl::app
