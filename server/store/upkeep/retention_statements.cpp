#include "server/store/upkeep/retention_statements.hpp"

#include <algorithm>

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

namespace {
std::optional<std::int64_t> count_of(const std::optional<std::chrono::seconds>& time) {
  if (!time) return std::nullopt;
  return static_cast<std::int64_t>(time->count());
}

PrunedWindow window_from(const pqxx::row& row, const IdWindow& window) {
  return {reached(row["last_id"].as<std::int64_t>(), row["looked_at"].as<int>(), window), row["gone"].as<int>()};
}
}  // namespace

int PrunedParts::largest() const { return std::max({commands, events, items, results}); }

PrunedWindow RetentionStatements::prune_commands(const RetentionPolicy& retention, const IdWindow& window) {
  return window_from(session_.run(queries::PruneCommands{.completed_seconds = count_of(retention.completed),
                                                         .cancelled_seconds = count_of(retention.cancelled),
                                                         .dead_seconds = count_of(retention.dead),
                                                         .after = window.after,
                                                         .until = window.until,
                                                         .rows_max = window.rows_max})[0],
                     window);
}

PrunedWindow RetentionStatements::prune_events(std::chrono::seconds retention, const IdWindow& window) {
  return window_from(session_.run(queries::PruneEvents{.seconds = static_cast<std::int64_t>(retention.count()),
                                                       .after = window.after,
                                                       .until = window.until,
                                                       .rows_max = window.rows_max})[0],
                     window);
}

EndedWindow RetentionStatements::ended_executions(const RetentionPolicy& retention, const IdWindow& window) {
  EndedWindow found;
  for (const auto& row : session_.run(queries::EndedExecutions{.completed_seconds = count_of(retention.completed),
                         .failed_seconds = count_of(retention.failed),
                         .cancelled_seconds = count_of(retention.cancelled),
                         .after = window.after,
                         .until = window.until,
                         .rows_max = window.rows_max})) {
    if (row["is_end"].as<bool>()) {
      found.last = reached(row["execution_id"].as<std::int64_t>(), row["looked_at"].as<int>(), window);
    } else {
      found.executions.push_back({row["execution_id"].as<std::int64_t>()});
    }
  }
  return found;
}

std::vector<base::ExecutionId> RetentionStatements::lock_ended(const std::vector<base::ExecutionId>& executions) {
  std::vector<base::ExecutionId> locked;
  for (const auto& row : session_.run(queries::LockEndedExecutions{.executions = postgres::id_array(executions)})) {
    locked.push_back({row[0].as<std::int64_t>()});
  }
  if (locked.empty()) return locked;
  for (const auto& row : session_.run(queries::RepeatedExecutions{.executions = postgres::id_array(locked)})) {
    std::erase(locked, base::ExecutionId{row[0].as<std::int64_t>()});
  }
  return locked;
}

PrunedParts RetentionStatements::prune_execution_parts(const std::vector<base::ExecutionId>& executions, int rows_max) {
  const auto row =
      session_.run(queries::PruneExecutionParts{.executions = postgres::id_array(executions), .rows_max = rows_max})[0];
  return {.commands = row["commands"].as<int>(),
          .events = row["events"].as<int>(),
          .items = row["items"].as<int>(),
          .results = row["results"].as<int>(),
          .others = row["others"].as<int>()};
}

int RetentionStatements::prune_executions(const std::vector<base::ExecutionId>& executions) {
  return static_cast<int>(session_.run(queries::PruneExecutions{.executions = postgres::id_array(executions)}).size());
}

}  // namespace noetl::store
