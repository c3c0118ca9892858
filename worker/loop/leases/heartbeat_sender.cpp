#include "worker/loop/leases/heartbeat_sender.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "shared/base/thread_name.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::loop {

using SteadyClock = std::chrono::steady_clock;

HeartbeatSender::HeartbeatSender(Parts parts, wire::WorkerRegistration registration, wire::RegistrationAnswer rules,
                                 std::chrono::milliseconds ack_wait)
    : parts_(parts),
      registration_(std::move(registration)),
      rules_(std::move(rules)),
      progress_interval_(ack_wait / 3),
      renewed_at_(SteadyClock::now()),
      progressed_at_(renewed_at_) {}

void HeartbeatSender::run(const std::stop_token& stop) {
  base::name_thread("heartbeat");
  const nats::ThreadScope scope;
  while (!stop.stop_requested()) {
    const auto begin = SteadyClock::now();
    ++parts_.counts.heartbeat_turns;
    send();
    signal_progress();
    if (parts_.orders.should_drain) end();
    parts_.orders.wait(stop, begin + rules_.heartbeat_interval);
  }
  if (parts_.orders.has_answers()) send();  // to the command that ended it, for one
}

void HeartbeatSender::wait_for_end(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, stop, [&] { return should_end_; });
}

void HeartbeatSender::send() {
  const auto sent_at = SteadyClock::now();
  HeldLeases::Snapshot held = parts_.leases.snapshot();
  parts_.counts.running = held.running;
  const wire::Heartbeat heartbeat{
      .worker_id = registration_.worker_id,
      .held = std::move(held.held),
      .confirmed_claim_ids = rules_.confirms_claims ? std::move(held.confirmed_claims) : std::vector<base::ClaimId>(),
      .has_claim_in_flight = held.has_claim_in_flight,
      .running = held.running,
      .status = is_draining_ ? "draining" : "ready",
      .command_answers = parts_.orders.take_answers()};
  const auto answer = parts_.transport.heartbeat(heartbeat);
  const bool is_refused = !answer && answer.error().code == base::ErrorCode::invalid_input;
  if (is_refused && !heartbeat.command_answers.empty()) {
    telemetry::log_warn("worker", "the server takes no answers to commands: " + answer.error().message);
    return send();  // an older server: without them
  }
  if (!answer || !answer->is_known) parts_.orders.put_back(heartbeat.command_answers);
  if (!answer && answer.error().code == base::ErrorCode::not_found) return register_again();
  if (is_refused && !heartbeat.confirmed_claim_ids.empty()) {
    rules_.confirms_claims = false;  // an older server behind the same address
    return send();
  }
  if (!answer) return note_failure(answer.error());
  if (!answer->is_known) return register_again();
  if (is_failing_) telemetry::log_info("worker", "heartbeats are answered again");
  is_failing_ = false;
  renewed_at_ = sent_at;
  parts_.leases.forget_confirmed(heartbeat.confirmed_claim_ids);
  apply(*answer, heartbeat.held);
  if (!answer->commands.empty()) parts_.orders.give(answer->commands);
}

// What the server says is of the leases that it was told: a command may have come back by a newer one meanwhile.
void HeartbeatSender::apply(const wire::HeartbeatAnswer& answer, const std::vector<domain::Lease>& told) {
  const auto leases_of = [&](const std::vector<base::CommandId>& ids) {
    const std::set<base::CommandId> named(ids.begin(), ids.end());
    std::vector<domain::Lease> leases;
    std::ranges::copy_if(told, std::back_inserter(leases),
                         [&](const domain::Lease& lease) { return named.contains(lease.queue_id); });
    return leases;
  };
  if (const int lost = parts_.leases.stop(leases_of(answer.lost), StopReason::lost); lost > 0) {
    telemetry::log_warn("worker", "leases lost: their tools are stopped", {{"commands", std::to_string(lost)}});
  }
  if (const int cancelled = parts_.leases.stop(leases_of(answer.cancelled), StopReason::cancelled); cancelled > 0) {
    telemetry::log_info("worker", "commands cancelled: their tools are stopped",
                        {{"commands", std::to_string(cancelled)}});
  }
  is_paused_ = answer.is_paused;
  if (answer.should_drain) end();
}

void HeartbeatSender::end() {
  const std::lock_guard lock(mutex_);
  if (!should_end_) telemetry::log_info("worker", "asked to drain");
  should_end_ = true;
  ended_.notify_all();
}

void HeartbeatSender::register_again() {
  const auto rules = parts_.transport.register_worker(registration_);
  if (!rules) return note_failure(rules.error());  // conflict: another process has the name now
  telemetry::log_info("worker", "registered again: the server did not know this worker any more");
  rules_ = *rules;
  if (rules_.ack_wait.count() > 0) progress_interval_ = rules_.ack_wait / 3;
  // What we hold is in the next heartbeat; the server then says which of it is lost.
}

void HeartbeatSender::note_failure(const base::Error& error) {
  ++parts_.counts.heartbeat_failures;
  if (!std::exchange(is_failing_, true)) telemetry::log_warn("worker", "heartbeat failed: " + error.message);
  abandon_stale_leases();
}

// Nobody renewed them for so long that the server may have given the commands to others: two must not run at once.
void HeartbeatSender::abandon_stale_leases() {
  const auto now = SteadyClock::now();
  if (now - renewed_at_ < rules_.lease) return;
  const int stopped = parts_.leases.stop_all(StopReason::lost, now - rules_.lease);
  if (stopped > 0)
    telemetry::log_error("worker", "leases ended while the server was away: their tools are stopped",
                         {{"commands", std::to_string(stopped)}});
}

void HeartbeatSender::signal_progress() {
  const auto now = SteadyClock::now();
  if (now - progressed_at_ < progress_interval_) return;
  for (const DeliveryPointer& delivery : parts_.leases.deliveries_held_since(progressed_at_)) delivery->in_progress();
  progressed_at_ = now;
}

}  // namespace noetl::loop
