#include "worker/loop/leases/held_leases.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "shared/wire/messages/worker.hpp"

namespace noetl::loop {

namespace {
constexpr std::size_t abandoned_max = 4096;  // more than a worker ever holds

// The entry of that very lease; null when there is none, or by another epoch.
template <class Leases>
auto* held_by(const domain::Lease& lease, Leases& held_leases) {
  const auto found = held_leases.find(lease.queue_id);
  return found == held_leases.end() || found->second.lease != lease ? nullptr : &found->second;
}
}  // namespace

HeldLeases::HeldLeases(int slots) : slots_(slots) { leases_.reserve(static_cast<std::size_t>(slots) * 2); }

// Finished commands may wait for their report while others run in their slots, so that running and reporting
// overlap; but never more of them than there are slots.
int HeldLeases::room_locked() const {
  const int held = static_cast<int>(leases_.size());
  const int most = slots_ + prefetch_;
  return std::max(0, std::min(most - running_, 2 * most - held));
}

bool HeldLeases::is_worth_claiming() const {
  // What is reported just now, or has a slot to end in, makes more room in a moment.
  const bool may_wait = running_ >= slots_ || static_cast<int>(leases_.size()) > running_;
  return room_locked() >= (may_wait ? std::max(1, prefetch_ / 2) : 1);
}

void HeldLeases::set_prefetch(int count) {
  const std::lock_guard lock(mutex_);
  prefetch_ = count;
}

bool HeldLeases::is_idle() const {
  const std::lock_guard lock(mutex_);
  return running_ == 0;
}

int HeldLeases::room() const {
  const std::lock_guard lock(mutex_);
  return room_locked();
}

bool HeldLeases::wait_for_room(const std::stop_token& stop, std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, patience, [&] { return is_worth_claiming(); });
}

int HeldLeases::free_slots() const { return std::min(slots_ - running_, room_locked()); }

int HeldLeases::wait_for_slot(const std::stop_token& stop, std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, patience, [&] { return free_slots() > 0; }) ? free_slots() : 0;
}

bool HeldLeases::wait_until_idle(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return running_ == 0; });
}

bool HeldLeases::wait_until_empty(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return leases_.empty(); });
}

void HeldLeases::begin_claim() {
  const std::lock_guard lock(mutex_);
  claim_opened_at_ = std::chrono::steady_clock::now();
}

void HeldLeases::end_claim() {
  const std::lock_guard lock(mutex_);
  claim_opened_at_.reset();
}

std::vector<base::CommandId> HeldLeases::add(std::vector<HeldLease> claimed, base::ClaimId claim) {
  std::vector<base::CommandId> known;
  std::vector<HeldLease> ended;
  {
    const std::lock_guard lock(mutex_);
    for (HeldLease& held : claimed) {
      const base::CommandId id = held.lease.queue_id;
      if (is_abandoned(held.lease)) {
        known.push_back(id);
        held.stop = std::stop_source(std::nostopstate);  // it begins nothing, and may be another's who runs ahead
        ended.push_back(std::move(held));
        continue;
      }
      const auto [place, is_new] = leases_.try_emplace(id);
      if (!is_new && place->second.lease == held.lease) {
        known.push_back(id);
        held.stop = std::stop_source(std::nostopstate);  // it begins nothing, and may be another's who runs ahead
        ended.push_back(std::move(held));
        continue;
      }
      // The slot of a tool that still runs by a lost lease is the new one's.
      const bool has_slot = !is_new && place->second.is_running && place->second.takes_slot;
      if (held.takes_slot && !has_slot) ++running_;
      if (!is_new) ended.push_back(std::move(place->second));
      place->second = std::move(held);
    }
    if (claim.is_set() && known.empty() && confirmed_claims_.size() < wire::confirmed_claims_max)
      confirmed_claims_.push_back(claim);
  }
  for (HeldLease& one : ended) {
    one.stop.request_stop();
    if (one.delivery) one.delivery->settle();
  }
  return known;
}

void HeldLeases::forget_confirmed(const std::vector<base::ClaimId>& said) {
  if (said.empty()) return;
  const std::unordered_set<base::ClaimId> all(said.begin(), said.end());
  const std::lock_guard lock(mutex_);
  std::erase_if(confirmed_claims_, [&](base::ClaimId claim) { return all.contains(claim); });
}

bool HeldLeases::holds(base::CommandId id) const {
  const std::lock_guard lock(mutex_);
  return leases_.contains(id);
}

StopReason HeldLeases::finish(const domain::Lease& lease) {
  const std::lock_guard lock(mutex_);
  HeldLease* held = held_by(lease, leases_);
  if (held == nullptr) return StopReason::lost;
  if (std::exchange(held->is_running, false) && held->takes_slot) {
    --running_;
    changed_.notify_all();
  }
  return held->reason;
}

void HeldLeases::keep_slot(const domain::Lease& lease) {
  const std::lock_guard lock(mutex_);
  HeldLease* held = held_by(lease, leases_);
  if (held != nullptr && held->is_running && held->takes_slot)
    held->takes_slot = false;
  else
    ++running_;  // it is lost, and its slot with it
}

void HeldLeases::give_slot() {
  const std::lock_guard lock(mutex_);
  --running_;
  changed_.notify_all();
}

StopReason HeldLeases::reason_of(const domain::Lease& lease) const {
  const std::lock_guard lock(mutex_);
  const HeldLease* found = held_by(lease, leases_);
  return found == nullptr ? StopReason::lost : found->reason;
}

std::optional<HeldLease> HeldLeases::release(const domain::Lease& lease) {
  const std::lock_guard lock(mutex_);
  HeldLease* found = held_by(lease, leases_);
  if (found == nullptr) return std::nullopt;
  std::optional<HeldLease> held(std::move(*found));
  if (held->is_running && held->takes_slot) --running_;
  if (held->reason == StopReason::lost) remember_abandoned(lease);
  leases_.erase(lease.queue_id);
  changed_.notify_all();
  return held;
}

void HeldLeases::remember_abandoned(const domain::Lease& lease) {
  const bool is_new = abandoned_.insert_or_assign(lease.queue_id, lease.epoch).second;
  if (!is_new) return;
  abandoned_order_.push_back(lease.queue_id);
  if (abandoned_order_.size() <= abandoned_max) return;
  abandoned_.erase(abandoned_order_.front());
  abandoned_order_.pop_front();
}

bool HeldLeases::is_abandoned(const domain::Lease& lease) const {
  const auto found = abandoned_.find(lease.queue_id);
  return found != abandoned_.end() && found->second == lease.epoch;
}

bool HeldLeases::mark(HeldLease& held, StopReason reason) {
  if (held.reason >= reason) return false;
  held.reason = reason;
  // It is not said to be held from here on, and the server may not know that it has ended: each claim is found there when it is old,
  // and what is missing from those held is freed.
  if (reason == StopReason::lost) confirmed_claims_.clear();
  return true;
}

// Stop callbacks run inside request_stop(): outside the lock.
int HeldLeases::stop(const std::vector<domain::Lease>& leases, StopReason reason) {
  std::vector<std::stop_source> sources;
  {
    const std::lock_guard lock(mutex_);
    for (const domain::Lease& lease : leases) {
      HeldLease* held = held_by(lease, leases_);
      if (held != nullptr && mark(*held, reason) && held->is_running) sources.push_back(held->stop);
    }
  }
  for (auto& source : sources) source.request_stop();
  return static_cast<int>(sources.size());
}

int HeldLeases::stop_all(StopReason reason, std::chrono::steady_clock::time_point claimed_before) {
  std::vector<std::stop_source> sources;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, held] : leases_) {
      if (held.is_running && held.claimed_at < claimed_before && mark(held, reason)) sources.push_back(held.stop);
    }
  }
  for (auto& source : sources) source.request_stop();
  return static_cast<int>(sources.size());
}

HeldLeases::Snapshot HeldLeases::snapshot(std::chrono::steady_clock::time_point now) const {
  Snapshot snapshot;
  const std::lock_guard lock(mutex_);
  snapshot.held.reserve(leases_.size());
  for (const auto& [id, held] : leases_) {
    if (held.reason != StopReason::lost) snapshot.held.push_back(held.lease);
  }
  snapshot.confirmed_claims = confirmed_claims_;
  snapshot.has_claim_in_flight = claim_opened_at_ && now - *claim_opened_at_ >= open_claim_age;
  snapshot.running = std::min(running_, slots_);
  return snapshot;
}

std::set<DeliveryPointer> HeldLeases::deliveries_held_since(std::chrono::steady_clock::time_point time) const {
  std::set<DeliveryPointer> deliveries;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, held] : leases_) {
    if (held.delivery && held.claimed_at <= time) deliveries.insert(held.delivery);
  }
  return deliveries;
}

}  // namespace noetl::loop
