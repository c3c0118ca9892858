#pragma once
// Fetcher: pulls as many notifications as there are free slots, claims their commands in one call and has them started.
// While NATS is away it polls the server instead. run() in one thread.
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "shared/transport/transport.hpp"
#include "worker/loop/fetching/claim_plan.hpp"
#include "worker/loop/fetching/command_starter.hpp"
#include "worker/loop/fetching/idle_gate.hpp"
#include "worker/loop/fetching/notification_consumer.hpp"
#include "worker/loop/leases/heartbeat_sender.hpp"
#include "worker/loop/leases/held_leases.hpp"

namespace noetl::loop {

class Fetcher {
 public:
  struct Parts {
    transport::Transport& transport;
    HeldLeases& leases;
    HeartbeatSender& heartbeats;
    ToolThreads& threads;
    WorkerCounts& counts;
    IdleGate& idle_gate;
  };
  // `consumer` null: long poll only.
  Fetcher(Parts parts, CommandStarter::Parts starting, const WorkerSettings& settings, NotificationConsumer* consumer);
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  void run(const std::stop_token& stop);

 private:
  using DeliveriesById = std::unordered_map<base::CommandId, DeliveryPointer>;
  // What one call claims.
  struct ClaimBatch {
    DeliveriesById deliveries;
    int slots = 0;  // at most so many, of those and of what goes before them
  };

  void take_notifications(int room, std::chrono::milliseconds patience, const std::stop_token& stop);
  struct Found {
    std::size_t commands = 0;
    std::size_t low = 0;  // of them, of a priority below 0
  };
  Found take_by_poll(int room, std::chrono::milliseconds wait, const std::stop_token& stop);
  // What goes before all others, and has no notification of its own any more.
  void take_urgent(int room, const std::stop_token& stop);
  Found ask_pool(const wire::ClaimRequest& request, const std::stop_token& stop);
  void poll_fallback(int room, const std::stop_token& stop);
  // The claims to make of these messages; what there is no slot for is answered.
  std::vector<ClaimBatch> read(std::vector<nats::Message> messages, int room);
  void nak_buffered();
  [[nodiscard]] bool is_expecting() const;
  std::optional<Notified> notified_of(const nats::Message& message);  // none: garbage
  void carry_out(const PlannedNotification& planned, nats::Message message, bool is_urgent,
                 std::vector<ClaimBatch>& all);
  void claim(ClaimBatch batch, const std::stop_token& stop);
  base::Result<wire::ClaimAnswer> claim_until_answered(const wire::ClaimRequest& request, const std::stop_token& stop);
  std::vector<domain::ClaimedCommand> accept(wire::ClaimAnswer answer, ClaimBatch& batch);
  // Gives how many were of a priority above 0.
  std::size_t answer_refused(const std::vector<wire::ClaimRefusal>& refused, DeliveriesById& deliveries);
  void start(std::vector<domain::ClaimedCommand> commands);
  bool return_overdue();
  void pause(std::chrono::milliseconds time, const std::stop_token& stop);
  std::chrono::milliseconds backoff_after(const base::Error& error, int failures);

  Parts parts_;
  const WorkerSettings& settings_;
  CommandStarter starter_;
  NotificationConsumer* consumer_;
  PrefetchEstimator& prefetch_;
  // Messages that found no room, kept while commands are so short that there will be some in a moment.
  std::vector<nats::Message> buffered_;
  bool is_small_ = true;  // the last commands
  bool is_quick_ = false;  // the last commands were all of tools that answer at once
  int poll_failures_ = 0;
  std::minstd_rand random_;
  bool has_more_ = false;  // commands of a priority above 0 wait, as far as the last claim has seen
  bool seeks_low_ = false;  // the same below 0: to be looked for when nothing else is there
  int silent_finds_ = 0;  // looks in a row that found commands without a notification
  std::chrono::steady_clock::time_point looked_at_;
  std::mutex mutex_;
  std::condition_variable_any paused_;
};

}  // namespace noetl::loop
