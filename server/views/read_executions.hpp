#pragma once
// GET /api/v2/executions, /{id}, /{id}/events. Read-only. Any thread.
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/execution.hpp"

namespace noetl::views {

// Newest first; state, variables and workload are left empty in lists.
[[nodiscard]] std::vector<wire::ExecutionRow> list_executions(dispatch::ServerContext& context,
                                                              const wire::ExecutionFilter& filter);
[[nodiscard]] base::Result<wire::ExecutionRow> get_execution(dispatch::ServerContext& context,
                                                             base::ExecutionId execution_id);
// Oldest first. One stored row of an attempt is shown as NoETL's events (command.claimed, step.enter,
// call.done, step.exit, command.completed).
[[nodiscard]] base::Result<std::vector<wire::EventRow>> list_events(dispatch::ServerContext& context,
                                                                    const wire::EventFilter& filter);

}  // namespace noetl::views
