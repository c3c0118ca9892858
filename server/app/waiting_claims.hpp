#pragma once
// WaitingClaims: the long polls of this replica, woken when it queues something in their pool. Commands
// that another replica queued are found by looking again every poll_interval. Also keeps, per pool, the
// id below which no never-handed-back command waits, so that a poll scans from there. Any thread.
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include "shared/base/ids.hpp"

namespace noetl::app {

class WaitingClaims {
 public:
  static constexpr std::chrono::milliseconds poll_interval{500};

  // Something was queued in these pools.
  void wake(const std::set<std::string>& pools);
  // Number of wakes of a pool so far: read it before looking, pass it to wait().
  [[nodiscard]] std::uint64_t seen(const std::string& pool) const;
  // Until the pool was woken after `seen`, or `until`, or `stop`.
  void wait(const std::string& pool, std::uint64_t seen, std::chrono::steady_clock::time_point until,
            std::stop_token stop);

  [[nodiscard]] base::CommandId lower_bound(const std::string& pool) const;
  // Only ever grows.
  void raise_lower_bound(const std::string& pool, base::CommandId bound);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any woken_;
  std::map<std::string, std::uint64_t> wakes_;
  std::map<std::string, base::CommandId> lower_bounds_;
};

}  // namespace noetl::app
