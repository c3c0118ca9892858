#pragma once
// Pausing: of a pool, nothing is claimed; of an execution, what runs ends and nothing else begins until it is resumed.
// Enqueueing goes on. Any thread.
#include <set>
#include <string>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "server/store/upkeep/pause_statements.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::queue {

struct PauseRequest {
  base::ExecutionId execution_id;
  bool is_paused = true;  // false: resume
  bool cascade = true;  // what it has called as well
};

// Those whose state changed: none when it was so already. Errors: not_found; already_terminal when it has ended.
[[nodiscard]] base::Result<std::vector<base::ExecutionId>> pause_execution(dispatch::ServerContext& context,
                                                                           const PauseRequest& request);

// The pool as it is then.
wire::PoolRow pause_pool(dispatch::ServerContext& context, const std::string& pool, bool is_paused);

struct PoolPauses {
  std::string by;  // who wants them: "bucket noetl_config"
  std::set<std::string> paused;
  std::set<std::string> unclear;  // that stay as they are
};

// Pauses `paused`, and resumes the pools that `by` has paused before and does not name any more. A pool that the API has paused stays
// paused. Gives the pools that it changed.
std::vector<store::PoolPause> pause_pools_by(dispatch::ServerContext& context, const PoolPauses& pauses);

}  // namespace noetl::queue
