#include "server/store/wait_statements.hpp"

#include "server/store/array_literal.hpp"
#include "server/store/session.hpp"

namespace noetl::store {

namespace {
waiting::CommandFacts facts_from(const pqxx::row& row) {
  return {.pool = {.pool = text_of(row["pool"]),
                   .is_paused = row["is_pool_paused"].as<bool>(),
                   .paused_at = text_of(row["paused_at"]),
                   .workers = row["workers"].as<int>(),
                   .draining = row["draining"].as<int>(),
                   .slots = row["slots"].as<std::int64_t>(),
                   .busy = row["busy"].as<std::int64_t>(),
                   .has_tool = row["has_tool"].as<bool>()},
          .tool_kind = text_of(row["tool_kind"]),
          .due_at = text_of(row["due_at"]),
          .attempts = row["attempts"].as<int>(),
          .max_attempts = row["max_attempts"].as<int>(),
          .is_execution_paused = row["is_execution_paused"].as<bool>()};
}
}  // namespace

std::optional<waiting::CommandFacts> WaitStatements::of_command(base::CommandId queue_id) {
  const auto rows = session_.run("wait_facts_of_command", queue_id.value);
  if (rows.empty()) return std::nullopt;
  return facts_from(rows[0]);
}

ExecutionWait WaitStatements::of_execution(base::ExecutionId execution_id) {
  ExecutionWait wait;
  const auto rows = session_.run("wait_facts_of_execution", execution_id.value);
  if (rows.empty()) return wait;
  const auto& row = rows[0];
  wait.has_running = row["has_running"].as<bool>();
  if (!row["pool"].is_null()) wait.command = facts_from(row);
  wait.child = {row["child_id"].as<std::int64_t>()};
  wait.child_path = text_of(row["child_path"]);
  return wait;
}

std::map<std::string, waiting::CommandFacts> WaitStatements::of_pools(const std::map<std::string, NextWaiting>& next) {
  ArrayLiteral pools, kinds, times, pauses;
  for (const auto& [pool, waiting] : next) {
    pools.add(pool);
    kinds.add(waiting.tool_kind);
    times.add(waiting.due_at);
    pauses.add(std::string_view(waiting.due_at.empty() && waiting.is_put_off ? "true" : "false"));
  }
  std::map<std::string, waiting::CommandFacts> facts;
  for (const auto& row : session_.run("wait_facts_of_pools", pools.text(), kinds.text(), times.text(), pauses.text())) {
    auto found = facts_from(row);
    facts.emplace(found.pool.pool, std::move(found));
  }
  return facts;
}

}  // namespace noetl::store
