#pragma once
// DueTimes: what is due soon, as this server knows it: delays and retries that it has written itself, and what the server with the lead
// reads of all others. Whoever writes adds, one thread (upkeep/due_timer) takes what has become due. A bound on how many are kept:
// what finds no room is found by the next tick of upkeep. Any thread.
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <utility>
#include <vector>

#include "server/notify/notifier.hpp"

namespace noetl::dispatch {

class DueTimes {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kept_max = 20'000;
  // Whatever is due later is read in time by the server with the lead, which looks this far ahead with each of its ticks.
  static constexpr std::chrono::milliseconds horizon_default{3'000};

  explicit DueTimes(std::chrono::milliseconds horizon = horizon_default) : horizon_(horizon) {}

  [[nodiscard]] std::chrono::milliseconds horizon() const { return horizon_; }
  // Each after its delay, from now on; those beyond the horizon are left out. A command that is there already has the new time.
  void add(const std::vector<notify::Notification>& notifications);
  // Something was written whose time only Postgres knows: read what is due soon.
  void look();

  static constexpr std::chrono::milliseconds look_interval{20};
  struct Turn {
    std::vector<notify::Notification> due;
    bool should_look = false;  // look() was called since the last one that said so
  };
  // Waits until something is due or is to be read, or `stop`.
  [[nodiscard]] Turn wait(const std::stop_token& stop);

 private:
  struct Kept {
    Clock::time_point at;
    notify::Notification notification;
  };
  [[nodiscard]] std::vector<notify::Notification> take_due(Clock::time_point now);  // under mutex_

  const std::chrono::milliseconds horizon_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<base::CommandId, Kept> kept_;  // under mutex_, as are the others
  std::set<std::pair<Clock::time_point, base::CommandId>> order_;
  bool is_changed_ = false;  // the first time, or should_look_
  bool should_look_ = false;
  Clock::time_point may_look_at_{};  // however often it is asked
};

}  // namespace noetl::dispatch
