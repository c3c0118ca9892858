#include "server/store/queue/at_worker_statements.hpp"

#include <map>

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

void AtWorkerStatements::insert(const std::vector<NewExecutionCommand>& commands, const std::string& traceparent,
                                const ClaimFor& worker) {
  postgres::ArrayLiteral ids, nodes, steps, kinds, pools, attempts, timeouts, contexts, statuses, frames, begun, errors,
      priorities;
  std::map<std::pair<std::string, std::string>, std::int64_t> gained;
  base::ExecutionId execution_id;
  for (const auto& c : commands) {
    if (!c.at_worker) continue;
    const auto& end = c.at_worker->end;
    const std::string status(domain::to_string(end ? end->status : domain::CommandStatus::running));
    execution_id = c.execution_id;
    ids.add(c.queue_id.value);
    nodes.add(c.node_id);
    steps.add(c.step);
    kinds.add(c.tool_kind);
    pools.add(c.pool);
    attempts.add(c.max_attempts);
    timeouts.add(c.timeout.count());
    contexts.add(c.context);
    statuses.add(status);
    frames.add_or_null(c.frame);
    begun.add("-" + std::to_string(c.at_worker->begun_ago.count()) + " microseconds");
    errors.add_or_null(end ? end->error : std::string{});
    priorities.add(c.priority);
    ++gained[{c.pool, status}];
  }
  if (!execution_id.is_set()) return;
  postgres::ArrayLiteral gained_pools, gained_statuses, gained_counts;
  for (const auto& [of, count] : gained) {
    gained_pools.add(of.first);
    gained_statuses.add(of.second);
    gained_counts.add(count);
  }
  session_.run(queries::InsertCommandsAtWorker{
      .worker_id = worker.worker_id,
      .claim_id = worker.claim_id.value,
      .ids = ids.text(),
      .nodes = nodes.text(),
      .steps = steps.text(),
      .kinds = kinds.text(),
      .pools = pools.text(),
      .max_attempts = attempts.text(),
      .timeouts_ms = timeouts.text(),
      .contexts = contexts.text(),
      .statuses = statuses.text(),
      .frames = frames.text(),
      .begun = begun.text(),
      .errors = errors.text(),
      .gained_pools = gained_pools.text(),
      .gained_statuses = gained_statuses.text(),
      .gained_counts = gained_counts.text(),
      .execution_id = execution_id.value,
      .traceparent = traceparent.empty() ? std::optional<std::string>{} : std::optional(traceparent),
      .priorities = priorities.text()});
}

std::vector<CommandAtWorker> AtWorkerStatements::running(base::ExecutionId execution_id, const std::string& worker_id) {
  std::vector<CommandAtWorker> found;
  for (const auto& row :
       session_.run(queries::CommandsAtWorker{.execution_id = execution_id.value, .worker_id = worker_id})) {
    found.push_back({.command = {.lease = {{row["queue_id"].as<std::int64_t>()}, row["epoch"].as<std::int32_t>()},
                                 .execution_id = {row["execution_id"].as<std::int64_t>()},
                                 .step = postgres::text_of(row["step"]),
                                 .node_id = postgres::text_of(row["node_id"]),
                                 .tool_kind = postgres::text_of(row["tool_kind"]),
                                 .attempt = row["attempts"].as<std::int32_t>(),
                                 .max_attempts = row["max_attempts"].as<std::int32_t>(),
                                 .timeout = std::chrono::milliseconds{row["timeout_ms"].as<std::int64_t>()},
                                 .context = postgres::text_of(row["context"]),
                                 .traceparent = postgres::text_of(row["traceparent"])},
                     .frame = postgres::text_of(row["frame"])});
  }
  return found;
}

}  // namespace noetl::store
