#pragma once
// Upkeep: the background duties, on whichever replica has the lead in them (a row of noetl.leader): notify again of what nobody claimed,
// expire the leases of lost workers, fold the depth counters, prune what is finished. A tick is one look at
// everything and then only what it calls for; between ticks it notifies at once of what SQL enqueued. One thread of its own.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "server/decisions/duty_outcome.hpp"
#include "server/dispatch/server_context.hpp"
#include "server/postgres/duty_connection.hpp"
#include "server/upkeep/due_timer.hpp"
#include "server/upkeep/record_max_deliveries.hpp"
#include "server/upkeep/renotifier.hpp"
#include "server/upkeep/retention.hpp"

namespace noetl::upkeep {

struct UpkeepSettings {
  std::string database_url;
  std::chrono::milliseconds interval{1000};  // while anything waits or runs; twice as long when all is quiet
  std::chrono::milliseconds renotify_after{1000};  // a fresh command that nobody claimed by then is notified again
  store::RetentionPolicy retention = {};  // what has ended is kept so long; nothing set: for ever
};

class Upkeep {
 public:
  Upkeep(dispatch::ServerContext& context, UpkeepSettings settings);
  ~Upkeep();
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  // SQL has enqueued something (store/EnqueueListener): notified at once if this server leads. Any thread.
  void wake();

  [[nodiscard]] bool is_leading() const { return is_leading_; }
  [[nodiscard]] std::uint64_t commands_notified() const { return commands_notified_ + due_timer_.commands_notified(); }
  [[nodiscard]] std::uint64_t leases_expired() const { return leases_expired_; }
  // Notifications that JetStream dropped at their last delivery.
  [[nodiscard]] std::uint64_t max_deliveries_recorded() const { return max_deliveries_recorded_; }
  // The same that are of no command, or too many: not stored.
  [[nodiscard]] std::uint64_t advisories_dropped() const { return advisories_dropped_; }
  [[nodiscard]] RetentionCounts retention_counts() const { return retention_.counts(); }
  // Duties of a tick that failed, or left something that cannot be read.
  [[nodiscard]] std::uint64_t failures() const { return failures_; }
  // Ticks as leader, and how often they asked Postgres: equal while nothing happens.
  [[nodiscard]] std::uint64_t ticks() const { return ticks_; }
  [[nodiscard]] std::uint64_t calls() const { return connection_.calls(); }

 private:
  void run(std::stop_token stop);
  // Both give the time until the next tick.
  [[nodiscard]] std::chrono::milliseconds tick_safely();
  [[nodiscard]] std::chrono::milliseconds tick();
  // Until `next_tick`, notifying meanwhile of what was enqueued whenever it is woken.
  void wait_and_notify(const std::stop_token& stop, std::chrono::steady_clock::time_point next_tick);
  void notify_enqueued_safely();
  void attempt(const char* duty, const std::function<void()>& work);
  void note_failure(const char* duty, const std::string& why);
  void note(const char* duty, const decisions::DutyOutcome& outcome);
  void expire_leases(const store::UpkeepLook& look);
  void fail_overdue();
  void report_pools_in_use();
  [[nodiscard]] std::chrono::milliseconds longest_wait(const store::UpkeepLook& look) const;
  [[nodiscard]] std::chrono::milliseconds idle_interval() const { return settings_.interval * 2; }

  dispatch::ServerContext& context_;
  const UpkeepSettings settings_;
  postgres::DutyConnection connection_;
  DueTimer due_timer_;  // a thread of its own
  Renotifier renotifier_;
  Retention retention_;
  bool has_more_to_prune_ = false;
  std::chrono::steady_clock::time_point pools_reported_at_;
  std::map<std::string, std::string> failing_;  // duty → why, as it was logged
  std::atomic<std::uint64_t> ticks_{0};
  std::atomic<bool> is_leading_{false};
  std::atomic<std::uint64_t> commands_notified_{0};
  std::atomic<std::uint64_t> leases_expired_{0};
  std::atomic<std::uint64_t> max_deliveries_recorded_{0};
  std::atomic<std::uint64_t> advisories_dropped_{0};
  upkeep::AdvisoryBudget advisory_budget_;  // this thread only
  std::atomic<std::uint64_t> failures_{0};
  // Of notifying of what SQL enqueued: not before the first, so that a flood does not keep Postgres busy; at the second without
  // being woken. This thread only.
  std::chrono::steady_clock::time_point may_notify_at_{};
  std::chrono::steady_clock::time_point look_again_at_ = std::chrono::steady_clock::time_point::max();
  std::mutex mutex_;
  bool is_woken_ = false;  // under mutex_
  std::condition_variable_any wakes_;
  std::jthread thread_;  // last: started when all else stands
};

}  // namespace noetl::upkeep
