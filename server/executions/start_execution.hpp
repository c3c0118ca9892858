#pragma once
// POST /api/v2/execute and /batch: an execution row, its first events and commands, in one transaction.
// Any thread. Errors: not_found (path, version, catalog_id), invalid_input, conflict (an idempotency key
// that was used for another path).
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/execution.hpp"

namespace noetl::executions {

[[nodiscard]] base::Result<wire::ExecuteAnswer> start_execution(dispatch::ServerContext& context,
                                                                const wire::ExecuteRequest& request);

// One transaction for all that can start; an item that cannot has its own error and stops no other.
[[nodiscard]] std::vector<base::Result<wire::ExecuteAnswer>> start_executions(
    dispatch::ServerContext& context, const std::vector<wire::ExecuteRequest>& requests);

}  // namespace noetl::executions
