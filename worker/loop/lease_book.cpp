#include "worker/loop/lease_book.hpp"

#include <algorithm>

namespace noetl::loop {

LeaseBook::LeaseBook(int slots) : slots_(slots) { holdings_.reserve(static_cast<std::size_t>(slots) * 2); }

// Finished commands may wait for their report while others run in their slots, so that running and reporting
// overlap; but never more of them than there are slots.
int LeaseBook::room_locked() const {
  const int held = static_cast<int>(holdings_.size());
  return std::max(0, std::min(slots_ - running_, 2 * slots_ - held));
}

int LeaseBook::room() const {
  const std::lock_guard lock(mutex_);
  return room_locked();
}

bool LeaseBook::wait_for_room(const std::stop_token& stop, std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, patience, [&] { return room_locked() > 0; });
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

void LeaseBook::end_claim(std::vector<Holding> claimed) {
  const std::lock_guard lock(mutex_);
  claim_opened_at_.reset();
  for (Holding& holding : claimed) {
    const base::CommandId id = holding.lease.queue_id;
    const auto [place, is_new] = holdings_.insert_or_assign(id, std::move(holding));
    if (is_new) ++running_;
  }
}

bool LeaseBook::holds(base::CommandId id) const {
  const std::lock_guard lock(mutex_);
  return holdings_.contains(id);
}

StopReason LeaseBook::finish(base::CommandId id) {
  const std::lock_guard lock(mutex_);
  const auto found = holdings_.find(id);
  if (found == holdings_.end()) return StopReason::lost;
  if (found->second.is_running) {
    found->second.is_running = false;
    --running_;
    changed_.notify_all();
  }
  return found->second.reason;
}

StopReason LeaseBook::reason_of(base::CommandId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = holdings_.find(id);
  return found == holdings_.end() ? StopReason::lost : found->second.reason;
}

std::optional<Holding> LeaseBook::release(base::CommandId id) {
  const std::lock_guard lock(mutex_);
  const auto found = holdings_.find(id);
  if (found == holdings_.end()) return std::nullopt;
  std::optional<Holding> holding(std::move(found->second));
  if (holding->is_running) --running_;
  holdings_.erase(found);
  changed_.notify_all();
  return holding;
}

bool LeaseBook::mark(Holding& holding, StopReason reason) {
  if (holding.reason >= reason) return false;
  holding.reason = reason;
  return true;
}

// Stop callbacks run inside request_stop(): outside the lock.
int LeaseBook::stop(const std::vector<base::CommandId>& ids, StopReason reason) {
  std::vector<std::stop_source> sources;
  {
    const std::lock_guard lock(mutex_);
    for (const base::CommandId id : ids) {
      const auto found = holdings_.find(id);
      if (found == holdings_.end() || !mark(found->second, reason)) continue;
      if (found->second.is_running) sources.push_back(found->second.stop);
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
  snapshot.has_claim_in_flight = claim_opened_at_ && now - *claim_opened_at_ >= claim_age_told;
  snapshot.running = running_;
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
