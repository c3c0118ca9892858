#pragma once
// POST /api/v2/executions/{id}/cancel: queued commands end at once, running ones are told with the next
// heartbeat, children are cancelled too when `cascade`. Any thread. Errors: not_found.
#include "server/app/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/execution.hpp"

namespace noetl::app {

[[nodiscard]] base::Result<wire::CancelAnswer> cancel_execution(ServerContext& context,
                                                                const wire::CancelRequest& request);

}  // namespace noetl::app
