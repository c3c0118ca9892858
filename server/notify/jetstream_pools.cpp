// Which pools JetStreamNotifier keeps consumers for.
#include <algorithm>
#include <utility>

#include "server/notify/jetstream_notifier.hpp"
#include "shared/domain/command.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/wire/names.hpp"

namespace noetl::notify {

namespace {
constexpr std::size_t pools_max = 1024;  // each has a consumer; more are not made by notifying
}  // namespace

void JetStreamNotifier::meet_pools(const std::vector<Notification>& notifications) {
  const std::string* last = nullptr;
  for (const Notification& notification : notifications) {
    if (last != nullptr && *last == notification.pool) continue;
    last = &notification.pool;
    if (notification.pool != domain::default_pool) ensure_pool(notification.pool);
  }
}

void JetStreamNotifier::ensure_pool(const std::string& pool) {
  if (!wire::is_pool_name(pool)) return;
  const std::lock_guard lock(mutex_);
  unused_pools_.erase(pool);
  if (pools_.size() >= pools_max || !pools_.emplace(pool, false).second) return;
  is_poked_ = true;
  wake_.notify_one();
}

void JetStreamNotifier::retain_pools(const PoolsInUse& pools) {
  const std::lock_guard lock(mutex_);
  std::set<std::string> going = pools.unused;
  for (const auto& [pool, was_there] : pools_) {
    if (!pools.in_use.contains(pool)) going.insert(pool);
  }
  going.erase(std::string(domain::default_pool));
  for (const auto& pool : going) {
    const bool was_kept = pools_.erase(pool) > 0;
    // Removed once: its name stays in the database for a while.
    if (unused_pools_.emplace(pool, false).second || was_kept) unused_pools_[pool] = false;
  }
  std::erase_if(unused_pools_, [&](const auto& entry) {
    return pools.in_use.contains(entry.first) || (entry.second && !going.contains(entry.first));
  });
  for (const auto& pool : pools.in_use) {
    if (wire::is_pool_name(pool) && pools_.size() < pools_max) pools_.emplace(pool, false);
  }
  looks_for_strangers_ = true;
  is_poked_ = true;
  wake_.notify_one();
}

void JetStreamNotifier::forget_pool(const std::string& pool) {
  if (!wire::is_pool_name(pool) || pool == domain::default_pool) return;
  const std::lock_guard lock(mutex_);
  pools_.erase(pool);
  unused_pools_[pool] = false;
  is_poked_ = true;
  wake_.notify_one();
}

// Supervisor only. Consumers of pools that neither this server nor the database knows, of a time before. Seen twice, a minute apart: the
// first time another server may just have met the pool.
void JetStreamNotifier::find_strangers(nats::JetStream& jetstream) {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(looks_for_strangers_, false) || !may_list_) return;
  }
  const auto names = jetstream.consumer_names(settings_.stream);
  if (!names) {
    // A login of an earlier accounts.conf may not ask: once is enough.
    may_list_ = false;
    telemetry::log_info("notify", "consumers that nobody uses any more are not looked for: " + names.error().message);
    return;
  }
  std::set<std::string> strangers;
  const std::lock_guard lock(mutex_);
  for (const auto& name : *names) {
    if (auto pool = wire::pool_of_consumer(name, settings_.consumer); pool && !pools_.contains(*pool))
      strangers.insert(*std::move(pool));
  }
  for (const auto& pool : strangers) {
    if (strangers_.contains(pool)) unused_pools_[pool] = false;
  }
  strangers_ = std::move(strangers);
}

// Supervisor only. What could not be removed is tried again when the pools are told the next time.
void JetStreamNotifier::remove_unused(nats::JetStream& jetstream) {
  std::vector<std::string> going;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [pool, is_removed] : unused_pools_) {
      if (!std::exchange(is_removed, true)) going.push_back(pool);
    }
  }
  for (const auto& pool : going) {
    bool was_there = false;
    for (const auto& consumer : consumers_of(settings_, pool))
      was_there = jetstream.remove_consumer(settings_.stream, consumer.durable).has_value() || was_there;
    if (was_there) telemetry::log_info("notify", "removed the consumers of pool " + pool + ": nobody uses it");
  }
}

}  // namespace noetl::notify
