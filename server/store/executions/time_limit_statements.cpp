#include "server/store/executions/time_limit_statements.hpp"

#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

std::vector<base::ExecutionId> TimeLimitStatements::overdue(int limit) {
  std::vector<base::ExecutionId> found;
  for (const auto& row : session_.run(queries::OverdueExecutions{.limit = limit}))
    found.push_back({row[0].as<std::int64_t>()});
  return found;
}

std::optional<OverdueExecution> TimeLimitStatements::lock(base::ExecutionId id) {
  const auto rows = session_.run(queries::LockOverdue{.execution_id = id.value});
  if (rows.empty()) return std::nullopt;
  const auto row = rows[0];
  return OverdueExecution{.row = {.execution_id = id,
                                  .catalog_id = {row["catalog_id"].as<std::int64_t>()},
                                  .status = domain::ExecutionStatus::running,
                                  .state = postgres::text_of(row["state"]),
                                  .workload = postgres::text_of(row["workload"]),
                                  .depth = row["depth"].as<int>(),
                                  .has_caller = row["has_caller"].as<bool>(),
                                  .is_paused = row["is_paused"].as<bool>()},
                          .deadline_at = postgres::text_of(row["deadline_at"]),
                          .path = postgres::text_of(row["path"]),
                          .version = row["version"].as<int>()};
}

void TimeLimitStatements::end_time_of_children(base::ExecutionId id) {
  session_.run(queries::EndTimeOfChildren{.execution_id = id.value});
}

std::chrono::milliseconds TimeLimitStatements::until(const std::string& moment) {
  return std::chrono::milliseconds{session_.run(queries::MillisecondsUntil{.moment = moment})[0][0].as<std::int64_t>()};
}

}  // namespace noetl::store
