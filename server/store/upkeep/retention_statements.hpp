#pragma once
// RetentionStatements: what leaves when its time is over, a window of ids at a time, through one session. One thread.
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/store/upkeep/id_window.hpp"
#include "shared/base/ids.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

// How long what has ended is kept, by outcome; nothing: for ever.
struct RetentionPolicy {
  std::optional<std::chrono::seconds> completed, failed, cancelled, dead;
};

struct PrunedWindow {
  std::int64_t last = 0;  // looked at up to here; `until` when the range was exhausted
  int gone = 0;
};

struct EndedWindow {
  std::int64_t last = 0;
  std::vector<base::ExecutionId> executions;
};

struct PrunedParts {
  int commands = 0, events = 0, items = 0, results = 0, others = 0;
  [[nodiscard]] int largest() const;  // of the kinds that are bounded
};

class RetentionStatements {
 public:
  explicit RetentionStatements(postgres::Session& session) : session_(session) {}

  [[nodiscard]] PrunedWindow prune_commands(const RetentionPolicy& retention, const IdWindow& window);
  // Events of plain commands that have left; `retention` for those of no command.
  [[nodiscard]] PrunedWindow prune_events(std::chrono::seconds retention, const IdWindow& window);
  [[nodiscard]] EndedWindow ended_executions(const RetentionPolicy& retention, const IdWindow& window);
  // Those of them that are there, have ended, and that nobody else works with or repeats: locked until the transaction ends.
  [[nodiscard]] std::vector<base::ExecutionId> lock_ended(const std::vector<base::ExecutionId>& executions);
  [[nodiscard]] PrunedParts prune_execution_parts(const std::vector<base::ExecutionId>& executions, int rows_max);
  // The number that left.
  [[nodiscard]] int prune_executions(const std::vector<base::ExecutionId>& executions);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
