#pragma once
// RecordingNotifier: keeps what was notified, for tests. Any thread.
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/notify/notifier.hpp"

namespace noetl::notify {

class RecordingNotifier : public Notifier {
 public:
  void notify(const std::vector<Notification>& notifications) override {
    const std::lock_guard lock(mutex_);
    notifications_.insert(notifications_.end(), notifications.begin(), notifications.end());
  }
  void publish_dead_letters(const std::vector<DeadLetterMessage>& dead_letters) override {
    const std::lock_guard lock(mutex_);
    dead_letters_.insert(dead_letters_.end(), dead_letters.begin(), dead_letters.end());
  }
  void ensure_pool(const std::string& pool) override {
    const std::lock_guard lock(mutex_);
    pools_.push_back(pool);
  }
  void retain_pools(const PoolsInUse& pools) override {
    const std::lock_guard lock(mutex_);
    in_use_ = pools.in_use;
  }
  void forget_pool(const std::string& pool) override {
    const std::lock_guard lock(mutex_);
    forgotten_.push_back(pool);
  }
  [[nodiscard]] bool is_connected() const override { return true; }
  [[nodiscard]] PoolLanes lanes(const std::string&) const override {
    PoolLanes lanes{};
    lanes.front() = {.num_pending = num_pending_, .delivered_until_ms = delivered_until_ms_};
    return lanes;
  }
  [[nodiscard]] std::size_t lane_of(const Notification&) const override { return 0; }
  [[nodiscard]] std::vector<MaxDeliveriesAdvisory> max_deliveries(int) override {
    const std::lock_guard lock(mutex_);
    return advisories_;
  }
  void ack_max_deliveries() override {
    const std::lock_guard lock(mutex_);
    advisories_.clear();
  }
  void pretend_max_deliveries(std::vector<MaxDeliveriesAdvisory> advisories) {
    const std::lock_guard lock(mutex_);
    advisories_ = std::move(advisories);
  }
  // What lanes() says of the first lane from now on.
  void pretend_pending(std::uint64_t num_pending, std::int64_t delivered_until_ms = 0) {
    num_pending_ = num_pending;
    delivered_until_ms_ = delivered_until_ms;
  }

  [[nodiscard]] std::vector<DeadLetterMessage> dead_letters() const {
    const std::lock_guard lock(mutex_);
    return dead_letters_;
  }

  // Pools that somebody serves, in the order of their coming.
  [[nodiscard]] std::vector<std::string> pools() const {
    const std::lock_guard lock(mutex_);
    return pools_;
  }
  // As it was told last.
  [[nodiscard]] std::set<std::string> pools_in_use() const {
    const std::lock_guard lock(mutex_);
    return in_use_;
  }
  // Pools that were deleted.
  [[nodiscard]] std::vector<std::string> forgotten() const {
    const std::lock_guard lock(mutex_);
    return forgotten_;
  }
  // All that was notified and not taken.
  [[nodiscard]] std::vector<Notification> notifications() const {
    const std::lock_guard lock(mutex_);
    return notifications_;
  }
  // What was notified since the last call.
  [[nodiscard]] std::vector<Notification> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(notifications_, {});
  }

 private:
  std::atomic<std::uint64_t> num_pending_{0};
  std::atomic<std::int64_t> delivered_until_ms_{0};
  mutable std::mutex mutex_;
  std::vector<Notification> notifications_;
  std::vector<DeadLetterMessage> dead_letters_;
  std::vector<MaxDeliveriesAdvisory> advisories_;
  std::vector<std::string> pools_;
  std::set<std::string> in_use_;
  std::vector<std::string> forgotten_;
};

}  // namespace noetl::notify
