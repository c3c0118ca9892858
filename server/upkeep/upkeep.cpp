#include "server/upkeep/upkeep.hpp"

#include <algorithm>
#include <stdexcept>

#include "server/attempts/reclaim_leases.hpp"
#include "server/decisions/resume_callers.hpp"
#include "server/dispatch/due_times.hpp"
#include "server/queue/worker_registry.hpp"
#include "server/store/queue/worker_table.hpp"
#include "server/store/upkeep/upkeep_statements.hpp"
#include "server/upkeep/record_max_deliveries.hpp"
#include "server/upkeep/time_limits.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::upkeep {

namespace {
using std::chrono::steady_clock;

constexpr std::uint64_t prune_ticks = 20;
constexpr std::uint64_t advisory_ticks = 10;
constexpr std::uint64_t forget_ticks = 1000;
constexpr std::uint64_t fold_ticks = 2;  // the depth is right without: reading adds what is not folded
constexpr int callers_max = 256;  // told in one tick
constexpr int overdue_max = 256;  // failed in one tick
constexpr std::chrono::minutes pools_interval{1};
constexpr std::chrono::milliseconds wait_min{10};
constexpr int rest_factor = 3;  // of the time that notifying of what SQL enqueued took
// Of what SQL enqueues in 20 ms one transaction notifies: the others have mostly committed by then.
constexpr std::chrono::milliseconds look_again_after{50};
}  // namespace

Upkeep::Upkeep(dispatch::ServerContext& context, UpkeepSettings settings)
    : context_(context),
      settings_(std::move(settings)),
      connection_(settings_.database_url, std::max(postgres::DutyConnection::lead_time_default, 2 * idle_interval())),
      due_timer_(context),
      renotifier_(context, settings_.renotify_after),
      retention_(context, settings_.retention),
      pools_reported_at_(steady_clock::now()),
      thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

Upkeep::~Upkeep() {
  thread_.request_stop();
  thread_.join();
}

void Upkeep::run(std::stop_token stop) {
  base::name_thread("upkeep");
  while (!stop.stop_requested()) {
    const auto wait = tick_safely();
    wait_and_notify(stop, steady_clock::now() + wait);
  }
  connection_.release();
}

void Upkeep::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  wakes_.notify_all();
}

void Upkeep::wait_and_notify(const std::stop_token& stop, steady_clock::time_point next_tick) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && steady_clock::now() < next_tick) {
    const bool is_woken = wakes_.wait_until(lock, stop, std::min(next_tick, look_again_at_), [&] { return is_woken_; });
    if (!is_woken && steady_clock::now() < look_again_at_) return;
    (void)wakes_.wait_until(lock, stop, std::min(next_tick, may_notify_at_), [] { return false; });
    if (stop.stop_requested() || steady_clock::now() >= next_tick) return;
    is_woken_ = false;
    lock.unlock();
    notify_enqueued_safely();
    lock.lock();
  }
}

// The same boundary as a tick's, whose look it does without: what is due is all that it asks for.
void Upkeep::notify_enqueued_safely() {
  look_again_at_ = steady_clock::time_point::max();
  if (!is_leading_) return;
  const auto began = steady_clock::now();
  try {
    is_leading_ = connection_.acquire();
    if (!is_leading_) return;
    const auto sent = renotifier_.notify_enqueued(connection_);
    commands_notified_ += static_cast<std::uint64_t>(sent.commands);
    context_.due_times.look();
    if (sent.first_time > 0) look_again_at_ = sent.has_more ? began : began + look_again_after;
  } catch (const std::exception& error) {
    is_leading_ = false;
    telemetry::log_warn("upkeep", "notifying of what SQL enqueued failed", {{"error", error.what()}});
  }
  const auto now = steady_clock::now();
  may_notify_at_ = now + std::max<steady_clock::duration>(wait_min, rest_factor * (now - began));
}

// A boundary: the world failed under a duty; the next tick tries again. A function of its own: given a variable that is
// set before the try and assigned in it, GCC 12 leaves it unset when the first call throws, and upkeep slept for ever.
std::chrono::milliseconds Upkeep::tick_safely() {
  try {
    return tick();
  } catch (const std::exception& error) {
    is_leading_ = false;
    telemetry::log_warn("upkeep", "tick failed", {{"error", error.what()}});
    return settings_.interval;
  }
}

std::chrono::milliseconds Upkeep::tick() {
  report_pools_in_use();
  const bool was_leading = is_leading_;
  is_leading_ = connection_.acquire();
  if (!is_leading_) return std::clamp(connection_.until_free() + wait_min, wait_min, idle_interval());
  if (!was_leading) telemetry::log_info("upkeep", "this server does the background duties now");

  store::UpkeepLook look;
  connection_.run_one([&](postgres::Session& session) { look = store::UpkeepStatements(session).look(); });
  if (look.has_lost_worker || look.has_orphan) attempt("leases", [&] { expire_leases(look); });
  if (look.has_overdue) attempt("time limits", [&] { fail_overdue(); });
  if (look.has_unreported)
    attempt("callers", [&] { note("callers", decisions::resume_waiting_callers(context_, callers_max)); });
  attempt("renotify", [&] { commands_notified_ += static_cast<std::uint64_t>(renotifier_.tick(connection_, look)); });
  // Whatever is due before the next ticks is notified at its time, by the thread of DueTimer.
  if (look.next_due <= context_.due_times.horizon()) context_.due_times.look();
  if (renotifier_.has_more_due()) wake();
  if (look.has_change && ticks_ % fold_ticks == 0) {
    attempt("counters", [&] {
      connection_.write([&](postgres::Session& session) { store::UpkeepStatements(session).fold_queue_changes(); });
    });
  }
  if (ticks_ % advisory_ticks == 0) {
    attempt("max deliveries", [&] {
      const auto recorded = upkeep::record_max_deliveries(context_, advisory_budget_);
      max_deliveries_recorded_ += static_cast<std::uint64_t>(recorded.recorded);
      advisories_dropped_ += static_cast<std::uint64_t>(recorded.dropped);
    });
  }
  if (retention_.is_on() && (has_more_to_prune_ || ticks_ % prune_ticks == 0)) {
    has_more_to_prune_ = false;
    const bool may_begin = ticks_ % prune_ticks == 0;
    attempt("retention", [&] { has_more_to_prune_ = retention_.step(connection_, look.now_ms, may_begin); });
  }
  if (ticks_ % forget_ticks == forget_ticks - 1) {
    attempt("workers that ended", [&] {
      connection_.write([&](postgres::Session& session) { store::WorkerTable(session).forget_ended(); });
    });
  }
  ++ticks_;
  // A lease that nobody renews ends at that moment, whatever the interval.
  const auto next = std::min(look.next_lease_end + std::chrono::milliseconds{1}, look.next_deadline);
  return std::clamp(next, wait_min, longest_wait(look));
}

// Each duty is a boundary of its own: what one of them cannot do must not keep it from notifying. Without the lead nothing
// more is done.
void Upkeep::attempt(const char* duty, const std::function<void()>& work) {
  try {
    const auto failures = failures_.load();
    work();
    if (failures_ == failures) failing_.erase(duty);
    return;
  } catch (const std::exception& error) {
    note_failure(duty, error.what());
  }
  if (!connection_.acquire()) throw std::runtime_error("another server does the background duties now");
}

// It fails with every tick until somebody mends it: said once.
void Upkeep::note_failure(const char* duty, const std::string& why) {
  ++failures_;
  auto& known = failing_[duty];
  if (known == why) return;
  known = why;
  telemetry::log_warn("upkeep", "a background duty failed", {{"duty", duty}, {"error", why}});
}

void Upkeep::note(const char* duty, const decisions::DutyOutcome& outcome) {
  if (outcome.left > 0) note_failure(duty, std::to_string(outcome.left) + " left, the first: " + outcome.why);
}

void Upkeep::fail_overdue() {
  const auto outcome = upkeep::fail_overdue(context_, overdue_max);
  if (outcome.done > 0) {
    telemetry::log_warn("upkeep", "executions ran out of time", {{"executions", std::to_string(outcome.done)}});
  }
  note("time limits", outcome);
}

std::chrono::milliseconds Upkeep::longest_wait(const store::UpkeepLook& look) const {
  // A backlog of what may leave is worked off with half the interval between the steps.
  if (has_more_to_prune_) return std::max(settings_.interval / 2, wait_min);
  return look.is_busy() ? settings_.interval : idle_interval();
}

// On every server: each keeps consumers for the pools that it has met.
void Upkeep::report_pools_in_use() {
  const auto now = steady_clock::now();
  if (now - pools_reported_at_ < pools_interval) return;
  pools_reported_at_ = now;
  queue::report_pools_in_use(context_);
}

void Upkeep::expire_leases(const store::UpkeepLook& look) {
  std::vector<std::string> lost;
  if (look.has_lost_worker) {
    connection_.write([&](postgres::Session& session) { lost = store::UpkeepStatements(session).expire_workers(); });
  }
  for (const auto& worker : lost) telemetry::log_warn("upkeep", "lease of a worker ran out", {{"worker_id", worker}});
  if (lost.empty() && !look.has_orphan) return;
  const auto outcome = attempts::reclaim_leases(context_, std::nullopt, "the lease of its worker ran out");
  leases_expired_ += static_cast<std::uint64_t>(outcome.done);
  if (outcome.done > 0)
    telemetry::log_warn("upkeep", "commands of lost workers wait again", {{"commands", std::to_string(outcome.done)}});
  note("leases", outcome);
}

}  // namespace noetl::upkeep
