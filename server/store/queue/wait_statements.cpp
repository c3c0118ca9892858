#include "server/store/queue/wait_statements.hpp"

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

namespace {
waiting::CommandFacts command_from(const pqxx::row& row) {
  return {.pool = {.pool = postgres::text_of(row["pool"])},
          .tool_kind = postgres::text_of(row["tool_kind"]),
          .due_at = postgres::text_of(row["due_at"]),
          .attempts = row["attempts"].as<int>(),
          .max_attempts = row["max_attempts"].as<int>(),
          .is_execution_paused = row["is_execution_paused"].as<bool>()};
}
}  // namespace

std::optional<waiting::CommandFacts> WaitStatements::of_command(base::CommandId queue_id) {
  const auto rows = session_.run(queries::WaitingCommand{.queue_id = queue_id.value});
  if (rows.empty()) return std::nullopt;
  return with_pool(command_from(rows[0]));
}

ExecutionWait WaitStatements::of_execution(base::ExecutionId execution_id) {
  ExecutionWait wait;
  const auto rows = session_.run(queries::WaitingOfExecution{.execution_id = execution_id.value});
  if (rows.empty()) return wait;
  const auto& row = rows[0];
  wait.has_running = row["has_running"].as<bool>();
  if (!row["pool"].is_null()) wait.command = with_pool(command_from(row));
  wait.child = {row["child_id"].as<std::int64_t>()};
  wait.child_path = postgres::text_of(row["child_path"]);
  return wait;
}

waiting::CommandFacts WaitStatements::with_pool(waiting::CommandFacts command) {
  command.pool = of_pools({{command.pool.pool, command.tool_kind}}).at(command.pool.pool);
  return command;
}

std::map<std::string, waiting::PoolFacts> WaitStatements::of_pools(const std::map<std::string, std::string>& tools) {
  postgres::ArrayLiteral pools, kinds;
  for (const auto& [pool, tool] : tools) {
    pools.add(pool);
    kinds.add(tool);
  }
  std::map<std::string, waiting::PoolFacts> facts;
  for (const auto& row : session_.run(queries::FactsOfPools{.pools = pools.text(), .kinds = kinds.text()})) {
    auto pool = postgres::text_of(row["pool"]);
    facts[pool] = {.pool = pool,
                   .is_paused = row["is_pool_paused"].as<bool>(),
                   .paused_at = postgres::text_of(row["paused_at"]),
                   .paused_by = postgres::text_of(row["paused_by"]),
                   .workers = row["workers"].as<int>(),
                   .draining = row["draining"].as<int>(),
                   .slots = row["slots"].as<std::int64_t>(),
                   .busy = row["busy"].as<std::int64_t>(),
                   .has_tool = row["has_tool"].as<bool>()};
  }
  return facts;
}

}  // namespace noetl::store
