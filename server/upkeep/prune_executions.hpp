#pragma once
// Use case of upkeep: executions whose time is over leave, each as a whole: its commands, events, loop items, results,
// variables and tokens, and it itself at the end. Any thread.
#include <chrono>

#include "server/dispatch/server_context.hpp"
#include "server/store/upkeep/retention_statements.hpp"

namespace noetl::upkeep {

struct PrunedExecutions {
  std::int64_t last = 0;  // all up to here are dealt with
  int executions = 0;  // that left
  int rows = 0;  // of them, of all kinds
};

// One window of ids. Each transaction deletes a few thousand rows and none but the first begins after `deadline`: an execution with more
// leaves in several, and what is not done is before the end of `last`.
[[nodiscard]] PrunedExecutions prune_executions(dispatch::ServerContext& context,
                                                const store::RetentionPolicy& retention, const store::IdWindow& window,
                                                std::chrono::steady_clock::time_point deadline);

}  // namespace noetl::upkeep
