#pragma once
// Use case: executions that were called as tools have ended, and their callers go on. A transaction of its
// own after the one that ended them; upkeep calls it for those whose server died in between. Any thread.
#include <vector>

#include "server/decisions/duty_outcome.hpp"
#include "server/dispatch/server_context.hpp"

namespace noetl::decisions {

// `ended`: executions that have just ended, called or not; callers of callers are told as well.
void resume_callers(dispatch::ServerContext& context, std::vector<base::ExecutionId> ended);

// All that are waiting to be told, at most `limit`. Those are left whose caller cannot be read.
DutyOutcome resume_waiting_callers(dispatch::ServerContext& context, int limit);

}  // namespace noetl::decisions
