#include "worker/loop/fetching/dispatch_poller.hpp"

#include <algorithm>

#include "shared/base/backoff.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::loop {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds turn{1000};
// The server reclaims commands that it dispatched six seconds ago and that no heartbeat lists. What arrives later than this may be
// another worker's by the time that it begins: it is dropped, and reclaimed.
constexpr milliseconds late_after{1000};
constexpr milliseconds pause_after_nothing{50};  // sooner than it was to be waited: its slots were filled otherwise
constexpr milliseconds pause_when_paused{200};
constexpr milliseconds pause_unwanted{60'000};  // an older server behind the same address
constexpr base::Backoff poll_backoff{.kind = base::BackoffKind::exponential,
                                     .initial = milliseconds(500),
                                     .delay_max = milliseconds(10'000),
                                     .multiplier = 2.0};

}  // namespace

DispatchPoller::DispatchPoller(Parts parts, CommandStarter::Parts starting, const WorkerSettings& settings)
    : parts_(parts), settings_(settings), starter_(starting, settings), random_(std::random_device{}()) {}

void DispatchPoller::run(const std::stop_token& stop) {
  base::name_thread("dispatch");
  const nats::ThreadScope scope;  // it answers notifications of commands that come a second time
  while (!stop.stop_requested()) {
    if (!parts_.idle_gate.wait(stop, turn)) continue;
    const int slots = parts_.leases.wait_for_slot(stop, turn);
    if (slots == 0) continue;
    if (parts_.heartbeats.is_paused())
      pause(pause_when_paused, stop);
    else
      wait_for_work(std::min(slots, static_cast<int>(wire::claim_ids_max)), stop);
  }
}

void DispatchPoller::wait_for_work(int slots, const std::stop_token& stop) {
  wire::ClaimRequest request;
  request.worker_id = settings_.worker_id;
  request.pool = settings_.pool;
  request.slots = slots;
  request.wait = settings_.poll_patience;
  request.direct_dispatch = true;
  const auto asked_at = steady_clock::now();
  auto answer = parts_.transport.claim(request);
  const auto taken = std::chrono::duration_cast<milliseconds>(steady_clock::now() - asked_at);
  if (!answer) {
    const bool is_unwanted = answer.error().code == base::ErrorCode::invalid_input;
    return pause(is_unwanted ? pause_unwanted : answer.error().retry_after + next_backoff(), stop);
  }
  const bool has_no_room = answer->commands.empty() && answer->waited == milliseconds(0);
  if (has_no_room) return pause(next_backoff(), stop);
  failures_ = 0;
  if (answer->commands.empty()) {
    if (taken < settings_.poll_patience / 2) pause(pause_after_nothing, stop);
    return;
  }
  if (taken - answer->waited.value_or(milliseconds(0)) > late_after) {
    telemetry::log_warn("worker", "commands that were dispatched directly came too late: they are left to the server",
                        {{"commands", std::to_string(answer->commands.size())}});
    return;
  }
  parts_.counts.dispatched += answer->commands.size();
  starter_.start(starter_.add(std::move(answer->commands), answer->claim_id, [](base::CommandId) { return nullptr; }));
}

milliseconds DispatchPoller::next_backoff() {
  return poll_backoff.jittered_after(++failures_, std::uniform_real_distribution<double>(0.0, 1.0)(random_));
}

void DispatchPoller::pause(milliseconds time, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  paused_.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace noetl::loop
