#pragma once
// TimeLimitStatements: executions whose time is over, through one session. One thread.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "server/store/executions/execution_table.hpp"

namespace noetl::store {

struct OverdueExecution {
  LockedExecution row;
  std::string deadline_at;  // RFC 3339
  std::string path;
  int version = 0;
};

class TimeLimitStatements {
 public:
  explicit TimeLimitStatements(postgres::Session& session) : session_(session) {}

  [[nodiscard]] std::vector<base::ExecutionId> overdue(int limit);
  // Nothing when it has ended meanwhile.
  [[nodiscard]] std::optional<OverdueExecution> lock(base::ExecutionId id);
  void end_time_of_children(base::ExecutionId id);
  // By the clock of Postgres; 0 when it is past. `moment` is RFC 3339.
  [[nodiscard]] std::chrono::milliseconds until(const std::string& moment);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
