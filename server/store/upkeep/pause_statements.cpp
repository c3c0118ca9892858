#include "server/store/upkeep/pause_statements.hpp"

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

void PauseStatements::pause_pool(const std::string& pool, bool is_paused) {
  session_.run(queries::PausePool{.pool = pool, .is_paused = is_paused});
}

std::vector<PoolPause> PauseStatements::pause_pools_by(const std::string& paused_by,
                                                       const std::set<std::string>& paused,
                                                       const std::set<std::string>& unclear) {
  postgres::ArrayLiteral wanted, kept;
  for (const auto& pool : paused) wanted.add(pool);
  for (const auto& pool : unclear) kept.add(pool);
  std::vector<PoolPause> changed;
  for (const auto& row :
       session_.run(queries::PausePoolsBy{.paused_by = paused_by, .paused = wanted.text(), .unclear = kept.text()}))
    changed.push_back({.pool = postgres::text_of(row["pool"]), .is_paused = row["is_paused"].as<bool>()});
  return changed;
}

std::vector<base::ExecutionId> PauseStatements::pause_executions(base::ExecutionId id, bool is_paused, bool cascade) {
  std::vector<base::ExecutionId> changed;
  for (const auto& row :
       session_.run(queries::PauseExecutions{.execution_id = id.value, .is_paused = is_paused, .cascade = cascade})) {
    changed.push_back({row[0].as<std::int64_t>()});
  }
  return changed;
}

std::vector<base::ExecutionId> PauseStatements::running_tree(base::ExecutionId id, bool cascade) {
  std::vector<base::ExecutionId> tree;
  for (const auto& row : session_.run(queries::RunningTree{.execution_id = id.value, .cascade = cascade}))
    tree.push_back({row[0].as<std::int64_t>()});
  return tree;
}

void PauseStatements::postpone_commands(const std::vector<base::ExecutionId>& ids) {
  session_.run(queries::PostponeCommands{.ids = postgres::id_array(ids)});
}

std::vector<WaitingCommand> PauseStatements::resume_commands(const std::vector<base::ExecutionId>& ids) {
  std::vector<WaitingCommand> due;
  for (const auto& row : session_.run(queries::ResumeCommands{.ids = postgres::id_array(ids)})) {
    if (!row["is_due"].as<bool>()) continue;
    due.push_back({.queue_id = {row["queue_id"].as<std::int64_t>()},
                   .execution_id = {row["execution_id"].as<std::int64_t>()},
                   .step = postgres::text_of(row["step"]),
                   .pool = postgres::text_of(row["pool"]),
                   .priority = row["priority"].as<int>(),
                   .epoch = row["epoch"].as<int>(),
                   .available_at = {}});
  }
  return due;
}

}  // namespace noetl::store
