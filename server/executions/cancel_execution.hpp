#pragma once
// POST /api/v2/executions/{id}/cancel: queued commands end at once, running ones are told with the next
// heartbeat, children are cancelled too when `cascade`. Any thread. Errors: not_found.
#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/execution.hpp"

namespace noetl::executions {

[[nodiscard]] base::Result<wire::CancelAnswer> cancel_execution(dispatch::ServerContext& context,
                                                                const wire::CancelRequest& request);

}  // namespace noetl::executions
