#pragma once
// PauseStatements: pools and executions are paused and resumed, through one session. One thread.
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "server/store/upkeep/upkeep_statements.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

// noetl.pause_shift() of the schema: what a paused execution's waiting commands are postponed by.
inline constexpr std::chrono::milliseconds pause_shift = std::chrono::hours(8'760'000);

// A pool that was paused or resumed just now.
struct PoolPause {
  std::string pool;
  bool is_paused = false;
};

class PauseStatements {
 public:
  explicit PauseStatements(postgres::Session& session) : session_(session) {}

  void pause_pool(const std::string& pool, bool is_paused);
  [[nodiscard]] std::vector<PoolPause> pause_pools_by(const std::string& paused_by, const std::set<std::string>& paused,
                                                      const std::set<std::string>& unclear);
  // Those whose state changed. With `cascade` also what it has called, as far as one snapshot sees: see the statement.
  [[nodiscard]] std::vector<base::ExecutionId> pause_executions(base::ExecutionId id, bool is_paused, bool cascade);
  // That execution, and with `cascade` the running ones that it has called.
  [[nodiscard]] std::vector<base::ExecutionId> running_tree(base::ExecutionId id, bool cascade);
  void postpone_commands(const std::vector<base::ExecutionId>& ids);
  // Those that are due at once.
  [[nodiscard]] std::vector<WaitingCommand> resume_commands(const std::vector<base::ExecutionId>& ids);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
