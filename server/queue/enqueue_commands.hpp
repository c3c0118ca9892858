#pragma once
// POST /api/v2/commands: the plain work queue. All of a request or nothing of it. Any thread.
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/command.hpp"

namespace noetl::queue {

// In the order of the request. Errors: invalid_input (available_at that is no time).
[[nodiscard]] base::Result<std::vector<wire::EnqueuedCommand>> enqueue_commands(
    dispatch::ServerContext& context, const std::vector<wire::NewCommand>& commands);

}  // namespace noetl::queue
