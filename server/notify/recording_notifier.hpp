#pragma once
// RecordingNotifier: keeps what was rung, for tests. Any thread.
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
  void ring(const std::vector<Ring>& rings) override {
    const std::lock_guard lock(mutex_);
    rings_.insert(rings_.end(), rings.begin(), rings.end());
  }
  void tell_dead(const std::vector<Death>& deaths) override {
    const std::lock_guard lock(mutex_);
    deaths_.insert(deaths_.end(), deaths.begin(), deaths.end());
  }
  void ensure_pool(const std::string& pool) override {
    const std::lock_guard lock(mutex_);
    pools_.push_back(pool);
  }
  void keep_pools(const PoolsInUse& pools) override {
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
    lanes.front() = {.untaken = untaken_, .taken_until_ms = taken_until_ms_};
    return lanes;
  }
  [[nodiscard]] std::size_t lane_of(const Ring&) const override { return 0; }
  [[nodiscard]] std::vector<GivenUpRing> given_up(int) override {
    const std::lock_guard lock(mutex_);
    return given_up_;
  }
  void forget_given_up() override {
    const std::lock_guard lock(mutex_);
    given_up_.clear();
  }
  void pretend_given_up(std::vector<GivenUpRing> rings) {
    const std::lock_guard lock(mutex_);
    given_up_ = std::move(rings);
  }
  // What lanes() says of the first lane from now on.
  void pretend_untaken(std::uint64_t rings, std::int64_t taken_until_ms = 0) {
    untaken_ = rings;
    taken_until_ms_ = taken_until_ms;
  }

  [[nodiscard]] std::vector<Death> deaths() const {
    const std::lock_guard lock(mutex_);
    return deaths_;
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
  // All that was rung and not taken.
  [[nodiscard]] std::vector<Ring> rings() const {
    const std::lock_guard lock(mutex_);
    return rings_;
  }
  // What was rung since the last call.
  [[nodiscard]] std::vector<Ring> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(rings_, {});
  }

 private:
  std::atomic<std::uint64_t> untaken_{0};
  std::atomic<std::int64_t> taken_until_ms_{0};
  mutable std::mutex mutex_;
  std::vector<Ring> rings_;
  std::vector<Death> deaths_;
  std::vector<GivenUpRing> given_up_;
  std::vector<std::string> pools_;
  std::set<std::string> in_use_;
  std::vector<std::string> forgotten_;
};

}  // namespace noetl::notify
