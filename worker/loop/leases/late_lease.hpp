#pragma once
// LateLease: the lease of a command that its worker began before the server had issued it: it comes a moment later, or never. Any thread.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "shared/domain/command.hpp"

namespace noetl::loop {

class LateLease {
 public:
  LateLease() = default;
  explicit LateLease(const domain::Lease& lease) : lease_(lease) {}
  LateLease(const LateLease&) = delete;
  LateLease& operator=(const LateLease&) = delete;

  void set(const domain::Lease& lease) {
    const std::lock_guard lock(mutex_);
    lease_ = lease;
    came_.notify_all();
  }
  [[nodiscard]] std::optional<domain::Lease> now() const {
    const std::lock_guard lock(mutex_);
    return lease_;
  }
  // Nothing: `stop` was requested, or `until` came first.
  [[nodiscard]] std::optional<domain::Lease> wait(const std::stop_token& stop,
                                                  std::chrono::steady_clock::time_point until) const {
    std::unique_lock lock(mutex_);
    came_.wait_until(lock, stop, until, [&] { return lease_.has_value(); });
    return lease_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any came_;
  std::optional<domain::Lease> lease_;
};

}  // namespace noetl::loop
