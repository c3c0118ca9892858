#include "server/dispatch/due_times.hpp"

#include <algorithm>
#include <utility>

namespace noetl::dispatch {

void DueTimes::add(const std::vector<notify::Notification>& notifications) {
  if (notifications.empty()) return;
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  const auto first = order_.empty() ? Clock::time_point::max() : order_.begin()->first;
  for (const auto& notification : notifications) {
    if (notification.delay > horizon_) continue;
    if (const auto known = kept_.find(notification.queue_id); known != kept_.end()) {
      order_.erase({known->second.at, notification.queue_id});
    } else if (kept_.size() >= kept_max) {
      continue;
    }
    const auto at = now + notification.delay;
    auto& kept = kept_[notification.queue_id] = {at, notification};
    kept.notification.delay = {};
    order_.emplace(at, notification.queue_id);
  }
  if (order_.empty() || order_.begin()->first >= first) return;
  is_changed_ = true;
  changed_.notify_one();
}

void DueTimes::look() {
  const std::lock_guard lock(mutex_);
  should_look_ = true;
  is_changed_ = true;
  changed_.notify_one();
}

std::vector<notify::Notification> DueTimes::take_due(Clock::time_point now) {
  std::vector<notify::Notification> due;
  while (!order_.empty() && order_.begin()->first <= now) {
    const auto found = kept_.find(order_.begin()->second);
    due.push_back(std::move(found->second.notification));
    kept_.erase(found);
    order_.erase(order_.begin());
  }
  return due;
}

DueTimes::Turn DueTimes::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    is_changed_ = false;
    const auto now = Clock::now();
    Turn turn{.due = take_due(now), .should_look = should_look_ && now >= may_look_at_};
    if (turn.should_look) {
      should_look_ = false;
      may_look_at_ = now + look_interval;
    }
    if (!turn.due.empty() || turn.should_look || stop.stop_requested()) return turn;
    auto until = should_look_ ? may_look_at_ : Clock::time_point::max();
    if (!order_.empty()) until = std::min(until, order_.begin()->first);
    if (until == Clock::time_point::max())
      (void)changed_.wait(lock, stop, [&] { return is_changed_; });
    else
      (void)changed_.wait_until(lock, stop, until, [&] { return is_changed_; });
  }
}

}  // namespace noetl::dispatch
