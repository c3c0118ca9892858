#pragma once
// notify_workers: commands that wait are made known, after the commit. Any thread.
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "server/notify/notifier.hpp"

namespace noetl::dispatch {

// After the commit: notifies workers and wakes this replica's long polls.
void notify_workers(ServerContext& context, const std::vector<notify::Notification>& notifications);

}  // namespace noetl::dispatch
