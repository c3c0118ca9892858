// server/store/queue/at_worker_statements.hpp on the model database.
#include "server/store/queue/at_worker_statements.hpp"

#include "tests/simulation/model/session.hpp"

namespace noetl::store {

using domain::CommandStatus;
using simulation::QueueRow;

void AtWorkerStatements::insert(const std::vector<NewExecutionCommand>& commands, const std::string& traceparent,
                                const ClaimFor& worker) {
  auto& database = session_.database;
  std::vector<base::CommandId> claimed;
  for (const auto& c : commands) {
    if (!c.at_worker) continue;
    QueueRow row;
    row.queue_id = c.queue_id;
    row.execution_id = c.execution_id;
    row.node_id = c.node_id;
    row.step = c.step;
    row.tool_kind = c.tool_kind;
    row.pool = c.pool;
    row.priority = c.priority;
    row.max_attempts = c.max_attempts;
    row.timeout = c.timeout;
    row.context = c.context;
    row.frame = c.frame;
    row.traceparent = traceparent;
    row.created_at = database.now();
    // As it was claimed: each write is checked.
    database.insert(std::move(row));
    QueueRow& inserted = *database.find(c.queue_id);
    database.update(inserted, "insert_commands_at_worker", [&](QueueRow& q) {
      q.status = CommandStatus::running;
      q.epoch = q.attempts = 1;
      q.worker_id = worker.worker_id;
      q.claimed_at = database.now() - c.at_worker->begun_ago;
    });
    if (!c.at_worker->end) {
      claimed.push_back(c.queue_id);
      continue;
    }
    database.update(inserted, "insert_commands_at_worker", [&](QueueRow& q) {
      q.status = c.at_worker->end->status;
      q.error = c.at_worker->end->error;
      q.finished_at = database.now();
    });
  }
  if (!claimed.empty() && !database.flaws.is_unlisted)
    database.claims[{worker.worker_id, worker.claim_id}] = {.queue_ids = std::move(claimed),
                                                            .claimed_at = database.now()};
}

std::vector<CommandAtWorker> AtWorkerStatements::running(base::ExecutionId execution_id, const std::string& worker_id) {
  std::vector<CommandAtWorker> found;
  for (const auto id : session_.database.commands_of[execution_id]) {
    const QueueRow& row = session_.database.queue.at(id);
    if (row.status != CommandStatus::running || row.worker_id != worker_id) continue;
    found.push_back({.command = {.lease = {row.queue_id, row.epoch},
                                 .execution_id = row.execution_id,
                                 .step = row.step,
                                 .node_id = row.node_id,
                                 .tool_kind = row.tool_kind,
                                 .attempt = row.attempts,
                                 .max_attempts = row.max_attempts,
                                 .timeout = row.timeout,
                                 .context = row.context,
                                 .traceparent = row.traceparent},
                     .frame = row.frame});
  }
  return found;
}

}  // namespace noetl::store
