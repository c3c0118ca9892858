#include "server/app/waiting_claims.hpp"

#include <algorithm>

namespace noetl::app {

void WaitingClaims::wake(const std::set<std::string>& pools) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& pool : pools) ++wakes_[pool];
  }
  woken_.notify_all();
}

std::uint64_t WaitingClaims::seen(const std::string& pool) const {
  const std::lock_guard lock(mutex_);
  const auto found = wakes_.find(pool);
  return found == wakes_.end() ? 0 : found->second;
}

void WaitingClaims::wait(const std::string& pool, std::uint64_t seen, std::chrono::steady_clock::time_point until,
                         std::stop_token stop) {
  std::unique_lock lock(mutex_);
  (void)woken_.wait_until(lock, stop, until, [&] {
    const auto found = wakes_.find(pool);
    return found != wakes_.end() && found->second != seen;
  });
}

base::CommandId WaitingClaims::lower_bound(const std::string& pool) const {
  const std::lock_guard lock(mutex_);
  const auto found = lower_bounds_.find(pool);
  return found == lower_bounds_.end() ? base::CommandId{} : found->second;
}

void WaitingClaims::raise_lower_bound(const std::string& pool, base::CommandId bound) {
  const std::lock_guard lock(mutex_);
  auto& known = lower_bounds_[pool];
  known = std::max(known, bound);
}

}  // namespace noetl::app
