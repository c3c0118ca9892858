#include "server/upkeep/notify_backoff.hpp"

#include <algorithm>

namespace noetl::upkeep {

std::optional<int> NotifyBackoff::take_redelivery(base::CommandId id, std::chrono::steady_clock::time_point now) {
  if (entries_.size() >= entries_max) forget_old(now);
  if (entries_.size() >= entries_max && !entries_.contains(id)) return std::nullopt;
  auto& entry = entries_[id];
  if (entry.redelivery > 0 && now < entry.next) return std::nullopt;
  entry.interval = std::clamp(entry.interval * 2, interval_min, interval_max);
  entry.next = now + entry.interval;
  return ++entry.redelivery;
}

void NotifyBackoff::forget_old(std::chrono::steady_clock::time_point now) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.next + interval_max < now; });
}

}  // namespace noetl::upkeep
