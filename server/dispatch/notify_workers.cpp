#include "server/dispatch/notify_workers.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "server/dispatch/due_times.hpp"
#include "server/dispatch/long_polls.hpp"

namespace noetl::dispatch {

void notify_workers(ServerContext& context, const std::vector<notify::Notification>& all) {
  const auto is_later = [](const notify::Notification& one) { return one.delay.count() > 0; };
  if (std::ranges::any_of(all, is_later)) {
    std::vector<notify::Notification> now, later;
    for (const auto& one : all) (is_later(one) ? later : now).push_back(one);
    context.due_times.add(later);
    return notify_workers(context, now);
  }
  const auto& notifications = all;
  if (notifications.empty()) return;
  context.notifier.notify(notifications);
  std::set<std::string> pools;
  for (const auto& one : notifications) {
    if (!one.is_dispatched) pools.insert(one.pool);
  }
  context.long_polls.wake(pools);
}

}  // namespace noetl::dispatch
