#pragma once
// HeldLeases: every command that this worker holds, from the claim to the answer to its report, and how many slots
// are free. Shared by fetcher, tools, heartbeat sender and reporter; any thread.
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "shared/domain/command.hpp"
#include "worker/loop/leases/delivery.hpp"

namespace noetl::loop {

// Why a tool was stopped; `lost` beats the others: nothing of it may be reported.
enum class StopReason { none, draining, cancelled, lost };

// Shared by the commands that it named, and by whoever answers just now (heartbeat sender, reporter).
using DeliveryPointer = std::shared_ptr<const Delivery>;

struct HeldLease {
  domain::Lease lease;
  DeliveryPointer delivery;  // null: claimed by long poll
  std::stop_source stop{std::nostopstate};
  StopReason reason = StopReason::none;
  bool is_running = true;  // false: finished, not yet reported
  std::chrono::steady_clock::time_point claimed_at;
  bool takes_slot = true;  // false: the one who runs ahead keeps one for all its commands
};

class HeldLeases {
 public:
  explicit HeldLeases(int slots);
  HeldLeases(const HeldLeases&) = delete;
  HeldLeases& operator=(const HeldLeases&) = delete;

  // So many more than there are slots may be held, to begin when others end.
  void set_prefetch(int count);
  [[nodiscard]] bool is_idle() const;  // nothing runs
  // Commands that may be claimed now: free slots and prefetch, and fewer when reports are piling up (the server is slow or
  // away).
  [[nodiscard]] int room() const;
  // False when `stop` was requested or `patience` passed without room. While all slots are taken, or ended commands
  // are not yet reported, half of what may be prefetched is waited for: it is claimed in one call.
  bool wait_for_room(const std::stop_token& stop, std::chrono::milliseconds patience) const;
  // Free slots, no prefetch; 0 when `stop` was requested or `patience` passed without one.
  int wait_for_slot(const std::stop_token& stop, std::chrono::milliseconds patience) const;
  bool wait_until_idle(std::chrono::milliseconds patience) const;  // nothing runs
  bool wait_until_empty(std::chrono::milliseconds patience) const;  // nothing is held

  // A claim is open between the two. The server frees what a worker claimed more than six seconds ago and does not
  // hold, unless its heartbeat says that a claim is still open: only one open for open_claim_age is worth saying,
  // or a worker that polls all the time would never let go of a lost reply.
  static constexpr std::chrono::milliseconds open_claim_age{1000};
  // Direct dispatch claims without a call of ours: it comes late at most (dispatch_poller).
  void begin_claim();  // one at a time
  void end_claim();  // after add(): meanwhile a claim is open, or its commands are held
  // Returns the commands that must not be started: leases already held (still running) or abandoned (already ran). The server
  // reclaims abandoned ones when a heartbeat does not list them. An older lease of the same command is lost: its tool is stopped.
  // The claim is confirmed when all of it is held now.
  [[nodiscard]] std::vector<base::CommandId> add(std::vector<HeldLease> claimed, base::ClaimId claim = {});

  [[nodiscard]] bool holds(base::CommandId id) const;
  // By lease from here on: a command may have come back by a newer one. What is not held is lost.
  // The tool has returned: the slot is free.
  StopReason finish(const domain::Lease& lease);
  [[nodiscard]] StopReason reason_of(const domain::Lease& lease) const;
  // Claims that an answered heartbeat confirmed.
  void forget_confirmed(const std::vector<base::ClaimId>& said);
  // The slot of a command that runs outlives it, until give_slot().
  void keep_slot(const domain::Lease& lease);
  void give_slot();
  // Reported or dropped: it is not held any more.
  std::optional<HeldLease> release(const domain::Lease& lease);

  // Stops the tools of these and keeps the reason; how many were running. Reports that wait are marked as well:
  // a heartbeat may have crossed a report, so that is nothing to log. What is abandoned unreported is `lost`: then no claim
  // noted before is confirmed.
  int stop(const std::vector<domain::Lease>& leases, StopReason reason);
  int stop_all(StopReason reason, std::chrono::steady_clock::time_point claimed_before);

  struct Snapshot {
    std::vector<domain::Lease> held;
    std::vector<base::ClaimId> confirmed_claims;  // of each command of these is held, or its report was agreed to
    bool has_claim_in_flight = false;
    int running = 0;  // in slots, without those that were prefetched
  };
  [[nodiscard]] Snapshot snapshot(std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now()) const;
  [[nodiscard]] std::set<DeliveryPointer> deliveries_held_since(std::chrono::steady_clock::time_point time) const;

 private:
  bool mark(HeldLease& held, StopReason reason);
  void remember_abandoned(const domain::Lease& lease);
  [[nodiscard]] bool is_abandoned(const domain::Lease& lease) const;
  [[nodiscard]] int room_locked() const;
  [[nodiscard]] int free_slots() const;
  [[nodiscard]] bool is_worth_claiming() const;

  const int slots_;
  int prefetch_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::unordered_map<base::CommandId, HeldLease> leases_;
  int running_ = 0;
  std::unordered_map<base::CommandId, int> abandoned_;  // epochs of lost leases, the last ones
  std::deque<base::CommandId> abandoned_order_;  // oldest first; as many
  std::optional<std::chrono::steady_clock::time_point> claim_opened_at_;
  std::vector<base::ClaimId> confirmed_claims_;  // since the last heartbeat, at most wire::confirmed_claims_max
};

}  // namespace noetl::loop
