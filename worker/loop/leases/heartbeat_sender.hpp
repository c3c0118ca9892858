#pragma once
// HeartbeatSender: one heartbeat for all leases at each interval; stops the tools of commands that were lost or
// cancelled; tells JetStream meanwhile that messages are in progress; registers again when the server has forgotten
// us. run() in one thread; the questions from any.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "shared/transport/transport.hpp"
#include "worker/loop/leases/held_leases.hpp"
#include "worker/loop/leases/settings.hpp"
#include "worker/loop/leases/worker_orders.hpp"

namespace noetl::loop {

class HeartbeatSender {
 public:
  struct Parts {
    transport::Transport& transport;
    HeldLeases& leases;
    WorkerCounts& counts;
    WorkerOrders& orders;
  };
  HeartbeatSender(Parts parts, wire::WorkerRegistration registration, wire::RegistrationAnswer rules,
                  std::chrono::milliseconds ack_wait);
  HeartbeatSender(const HeartbeatSender&) = delete;
  HeartbeatSender& operator=(const HeartbeatSender&) = delete;

  void run(const std::stop_token& stop);

  [[nodiscard]] bool is_paused() const { return is_paused_ || parts_.orders.is_paused; }
  // Waits until `stop`, or until an operator asked this worker to drain.
  void wait_for_end(const std::stop_token& stop);
  void set_draining() { is_draining_ = true; }

 private:
  void send();
  void apply(const wire::HeartbeatAnswer& answer, const std::vector<domain::Lease>& told);
  void end();
  void register_again();
  void note_failure(const base::Error& error);
  void abandon_stale_leases();
  void signal_progress();

  Parts parts_;
  const wire::WorkerRegistration registration_;
  wire::RegistrationAnswer rules_;  // run() only
  std::chrono::milliseconds progress_interval_;  // run() only
  std::chrono::steady_clock::time_point renewed_at_;  // run() only: when the last heartbeat that succeeded was sent
  std::chrono::steady_clock::time_point progressed_at_;  // run() only
  bool is_failing_ = false;  // run() only
  std::atomic<bool> is_paused_{false};
  std::atomic<bool> is_draining_{false};

  std::mutex mutex_;
  std::condition_variable_any ended_;
  bool should_end_ = false;  // guarded by mutex_
};

}  // namespace noetl::loop
