#pragma once
// clear_stale_pause: commands that are postponed although their execution is not paused (a server that died, or one of an
// earlier version, left them so) wait as they would without the pause. Any thread; called by upkeep.
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "server/notify/notifier.hpp"
#include "server/store/upkeep/upkeep_statements.hpp"

namespace noetl::executions {

// Of those executions: looked at again under their locks, which pausing and resuming take as well. The number that is due.
int clear_stale_pause(dispatch::ServerContext& context, const std::vector<base::ExecutionId>& executions);

// A redelivery of its own: JetStream must not take this notification for the one that the pause has swallowed.
[[nodiscard]] int redelivery_of_resume(base::IdGenerator& ids);
[[nodiscard]] notify::Notification notification_of(store::WaitingCommand command, int redelivery);

}  // namespace noetl::executions
