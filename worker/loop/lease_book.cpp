#include "worker/loop/lease_book.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "shared/wire/worker.hpp"

namespace noetl::loop {

namespace {
constexpr std::size_t given_up_max = 4096;  // more than a worker ever holds

// The holding by that very lease; null when there is none, or by another epoch.
template <class Holdings>
auto* held_by(const domain::Lease& lease, Holdings& holdings) {
  const auto found = holdings.find(lease.queue_id);
  return found == holdings.end() || found->second.lease != lease ? nullptr : &found->second;
}
}  // namespace

LeaseBook::LeaseBook(int slots) : slots_(slots) { holdings_.reserve(static_cast<std::size_t>(slots) * 2); }

// Finished commands may wait for their report while others run in their slots, so that running and reporting
// overlap; but never more of them than there are slots.
int LeaseBook::room_locked() const {
  const int held = static_cast<int>(holdings_.size());
  const int most = slots_ + prefetch_;
  return std::max(0, std::min(most - running_, 2 * most - held));
}

bool LeaseBook::is_worth_claiming() const {
  // What is reported just now, or has a slot to end in, makes more room in a moment.
  const bool may_wait = running_ >= slots_ || static_cast<int>(holdings_.size()) > running_;
  return room_locked() >= (may_wait ? std::max(1, prefetch_ / 2) : 1);
}

void LeaseBook::set_prefetch(int count) {
  const std::lock_guard lock(mutex_);
  prefetch_ = count;
}

bool LeaseBook::is_idle() const {
  const std::lock_guard lock(mutex_);
  return running_ == 0;
}

int LeaseBook::room() const {
  const std::lock_guard lock(mutex_);
  return room_locked();
}

bool LeaseBook::wait_for_room(const std::stop_token& stop, std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, patience, [&] { return is_worth_claiming(); });
}

int LeaseBook::free_slots() const { return std::min(slots_ - running_, room_locked()); }

int LeaseBook::wait_for_slot(const std::stop_token& stop, std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, patience, [&] { return free_slots() > 0; }) ? free_slots() : 0;
}

bool LeaseBook::wait_until_idle(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return running_ == 0; });
}

bool LeaseBook::wait_until_empty(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return holdings_.empty(); });
}

void LeaseBook::begin_claim() {
  const std::lock_guard lock(mutex_);
  claim_opened_at_ = std::chrono::steady_clock::now();
}

void LeaseBook::end_claim() {
  const std::lock_guard lock(mutex_);
  claim_opened_at_.reset();
}

std::vector<base::CommandId> LeaseBook::enter(std::vector<Holding> claimed, base::ClaimId claim) {
  std::vector<base::CommandId> known;
  std::vector<Holding> ended;
  {
    const std::lock_guard lock(mutex_);
    for (Holding& holding : claimed) {
      const base::CommandId id = holding.lease.queue_id;
      if (is_given_up(holding.lease)) {
        known.push_back(id);
        holding.stop = std::stop_source(std::nostopstate);  // it begins nothing, and may be another's who runs ahead
        ended.push_back(std::move(holding));
        continue;
      }
      const auto [place, is_new] = holdings_.try_emplace(id);
      if (!is_new && place->second.lease == holding.lease) {
        known.push_back(id);
        holding.stop = std::stop_source(std::nostopstate);  // it begins nothing, and may be another's who runs ahead
        ended.push_back(std::move(holding));
        continue;
      }
      // The slot of a tool that still runs by a lost lease is the new one's.
      const bool has_slot = !is_new && place->second.is_running && place->second.takes_slot;
      if (holding.takes_slot && !has_slot) ++running_;
      if (!is_new) ended.push_back(std::move(place->second));
      place->second = std::move(holding);
    }
    if (claim.is_set() && known.empty() && heard_.size() < wire::heard_claims_max) heard_.push_back(claim);
  }
  for (Holding& one : ended) {
    one.stop.request_stop();
    if (one.delivery) one.delivery->settle();
  }
  return known;
}

void LeaseBook::forget_heard(const std::vector<base::ClaimId>& said) {
  if (said.empty()) return;
  const std::unordered_set<base::ClaimId> all(said.begin(), said.end());
  const std::lock_guard lock(mutex_);
  std::erase_if(heard_, [&](base::ClaimId claim) { return all.contains(claim); });
}

bool LeaseBook::holds(base::CommandId id) const {
  const std::lock_guard lock(mutex_);
  return holdings_.contains(id);
}

StopReason LeaseBook::finish(const domain::Lease& lease) {
  const std::lock_guard lock(mutex_);
  Holding* holding = held_by(lease, holdings_);
  if (holding == nullptr) return StopReason::lost;
  if (std::exchange(holding->is_running, false) && holding->takes_slot) {
    --running_;
    changed_.notify_all();
  }
  return holding->reason;
}

void LeaseBook::keep_slot(const domain::Lease& lease) {
  const std::lock_guard lock(mutex_);
  Holding* holding = held_by(lease, holdings_);
  if (holding != nullptr && holding->is_running && holding->takes_slot)
    holding->takes_slot = false;
  else
    ++running_;  // it is lost, and its slot with it
}

void LeaseBook::give_slot() {
  const std::lock_guard lock(mutex_);
  --running_;
  changed_.notify_all();
}

StopReason LeaseBook::reason_of(const domain::Lease& lease) const {
  const std::lock_guard lock(mutex_);
  const Holding* found = held_by(lease, holdings_);
  return found == nullptr ? StopReason::lost : found->reason;
}

std::optional<Holding> LeaseBook::release(const domain::Lease& lease) {
  const std::lock_guard lock(mutex_);
  Holding* found = held_by(lease, holdings_);
  if (found == nullptr) return std::nullopt;
  std::optional<Holding> holding(std::move(*found));
  if (holding->is_running && holding->takes_slot) --running_;
  if (holding->reason == StopReason::lost) remember_given_up(lease);
  holdings_.erase(lease.queue_id);
  changed_.notify_all();
  return holding;
}

void LeaseBook::remember_given_up(const domain::Lease& lease) {
  const bool is_new = given_up_.insert_or_assign(lease.queue_id, lease.epoch).second;
  if (!is_new) return;
  given_up_order_.push_back(lease.queue_id);
  if (given_up_order_.size() <= given_up_max) return;
  given_up_.erase(given_up_order_.front());
  given_up_order_.pop_front();
}

bool LeaseBook::is_given_up(const domain::Lease& lease) const {
  const auto found = given_up_.find(lease.queue_id);
  return found != given_up_.end() && found->second == lease.epoch;
}

bool LeaseBook::mark(Holding& holding, StopReason reason) {
  if (holding.reason >= reason) return false;
  holding.reason = reason;
  // It is not said to be held from here on, and the server may not know that it has ended: each claim is found there when it is old,
  // and what is missing from those held is freed.
  if (reason == StopReason::lost) heard_.clear();
  return true;
}

// Stop callbacks run inside request_stop(): outside the lock.
int LeaseBook::stop(const std::vector<domain::Lease>& leases, StopReason reason) {
  std::vector<std::stop_source> sources;
  {
    const std::lock_guard lock(mutex_);
    for (const domain::Lease& lease : leases) {
      Holding* holding = held_by(lease, holdings_);
      if (holding != nullptr && mark(*holding, reason) && holding->is_running)
        sources.push_back(holding->stop);
    }
  }
  for (auto& source : sources) source.request_stop();
  return static_cast<int>(sources.size());
}

int LeaseBook::stop_all(StopReason reason, std::chrono::steady_clock::time_point claimed_before) {
  std::vector<std::stop_source> sources;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, holding] : holdings_) {
      if (holding.is_running && holding.claimed_at < claimed_before && mark(holding, reason))
        sources.push_back(holding.stop);
    }
  }
  for (auto& source : sources) source.request_stop();
  return static_cast<int>(sources.size());
}

LeaseBook::Snapshot LeaseBook::snapshot(std::chrono::steady_clock::time_point now) const {
  Snapshot snapshot;
  const std::lock_guard lock(mutex_);
  snapshot.held.reserve(holdings_.size());
  for (const auto& [id, holding] : holdings_) {
    if (holding.reason != StopReason::lost) snapshot.held.push_back(holding.lease);
  }
  snapshot.heard = heard_;
  snapshot.has_claim_in_flight = claim_opened_at_ && now - *claim_opened_at_ >= claim_age_told;
  snapshot.running = std::min(running_, slots_);
  return snapshot;
}

std::set<DeliveryPointer> LeaseBook::deliveries_held_since(std::chrono::steady_clock::time_point time) const {
  std::set<DeliveryPointer> deliveries;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, holding] : holdings_) {
    if (holding.delivery && holding.claimed_at <= time) deliveries.insert(holding.delivery);
  }
  return deliveries;
}

}  // namespace noetl::loop
