#pragma once
// Use cases: POST /api/v2/commands/{queue_id}/cancel and POST /api/v2/commands/cancel, for plain commands. A waiting command ends at
// once. The worker of a running one learns it with its next heartbeat and stops the tool; its report changes nothing. Any thread.
#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/command_filter.hpp"

namespace noetl::queue {

// A command that has ended stays as it is, and that is no error. Errors: not_found; conflict for a command of an execution, which
// is cancelled as a whole.
[[nodiscard]] base::Result<wire::CancelledCommand> cancel_command(dispatch::ServerContext& context,
                                                                  base::CommandId queue_id, const std::string& reason);
// By ids, each refused by itself: not_found, already_terminal, conflict. By a filter at most `limit`: has_more says that there are
// others.
[[nodiscard]] wire::CancelledCommands cancel_commands(dispatch::ServerContext& context,
                                                      const wire::CancelCommandsRequest& request);

}  // namespace noetl::queue
