#include "server/dispatch/dispatcher.hpp"

#include <algorithm>

namespace noetl::dispatch {

namespace {
constexpr std::size_t known_max = 4096;
}

Dispatcher::Dispatched Dispatcher::wait(const Poll& worker, std::chrono::steady_clock::time_point until,
                                        std::stop_token stop) {
  const auto begin = std::chrono::steady_clock::now();
  WaitingPoll own{.worker = worker, .slots = worker.slots, .answered_at = begin};
  std::unique_lock lock(mutex_);
  end_other_polls_of(own);
  polls_[worker.pool].push_back(&own);
  ++waiting_;
  for (auto now = begin; now < until && !stop.stop_requested(); now = std::chrono::steady_clock::now()) {
    if (own.turn.wait_until(lock, stop, std::min(until, now + look_interval), [&] { return own.is_done; })) break;
    if (!is_there(own, lock)) break;
  }
  // The reservation belongs to a transaction, which ends.
  own.turn.wait(lock, [&] { return (own.is_done || !own.is_reserved) && own.askers == 0; });
  if (!own.is_done) remove(own);
  --waiting_;
  const auto claimed_at = own.dispatched.empty() ? std::chrono::steady_clock::now() : own.reserved_at;
  return {.commands = std::move(own.dispatched),
          .claim_id = own.claim_id,
          .waited = std::chrono::duration_cast<std::chrono::milliseconds>(claimed_at - begin)};
}

// A worker waits in one call at a time: whoever asks anew has given the earlier one up, or is trying to fill the line.
void Dispatcher::end_other_polls_of(const WaitingPoll& own) {
  std::vector<WaitingPoll*> earlier;
  for (const auto& [pool, polls] : polls_) {
    for (WaitingPoll* poll : polls) {
      if (poll->worker.worker_id == own.worker.worker_id) earlier.push_back(poll);
    }
  }
  for (WaitingPoll* poll : earlier) {
    remove(*poll);
    poll->is_done = true;
    poll->turn.notify_one();  // under the lock: the poll lives on its thread's stack
  }
}

bool Dispatcher::is_known(const Poll& worker) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(worker.worker_id);
  return found != known_.end() && found->second.pool == worker.pool && found->second.instance == worker.instance &&
         std::chrono::steady_clock::now() < found->second.until;
}

void Dispatcher::note_known(const Poll& worker) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= known_max) known_.clear();
  known_[worker.worker_id] = {worker.pool, worker.instance, std::chrono::steady_clock::now() + known_for};
}

void Dispatcher::note_claimed(const std::string& worker_id, std::size_t commands) {
  const std::lock_guard lock(mutex_);
  if (waiting_ == 0) return;
  std::vector<WaitingPoll*> full;
  for (auto& [pool, polls] : polls_) {
    for (WaitingPoll* poll : polls) {
      if (poll->worker.worker_id != worker_id) continue;
      poll->slots -= std::min(poll->slots, commands);
      if (poll->slots == 0) full.push_back(poll);
    }
  }
  for (WaitingPoll* poll : full) {
    remove(*poll);
    poll->is_done = true;
    poll->turn.notify_one();  // under the lock: the poll lives on its thread's stack
  }
}

bool Dispatcher::is_there(WaitingPoll& poll, std::unique_lock<std::mutex>& lock) {
  if (!poll.worker.is_there) return true;
  ++poll.askers;
  lock.unlock();
  const bool is_there = poll.worker.is_there();
  lock.lock();
  if (--poll.askers == 0) poll.turn.notify_one();
  if (is_there) poll.answered_at = std::chrono::steady_clock::now();
  return is_there;
}

void Dispatcher::ask_first_in_line() {
  std::unique_lock lock(mutex_);
  if (waiting_ == 0) return;
  std::vector<std::string> pools;
  for (const auto& [pool, polls] : polls_) pools.push_back(pool);
  for (const auto& pool : pools) {
    for (auto polls = polls_.find(pool); polls != polls_.end(); polls = polls_.find(pool)) {
      WaitingPoll& first = *polls->second.front();
      if (std::chrono::steady_clock::now() < first.answered_at + fresh_for) break;
      if (is_there(first, lock)) break;
      // Unless somebody has reserved it meanwhile: that one's commands are reclaimed.
      if (first.is_reserved || first.is_done) continue;
      remove(first);
      first.is_done = true;
      first.turn.notify_one();  // under the lock: the poll lives on its thread's stack
    }
  }
}

std::optional<Dispatcher::Reservation> Dispatcher::reserve_unasked(const std::string& pool, std::size_t commands) {
  if (commands == 0 || commands > commands_max) return std::nullopt;
  WaitingPoll* poll = take_first(pool, commands);
  return poll == nullptr ? std::nullopt : std::optional<Reservation>(std::in_place, *this, *poll);
}

std::optional<Dispatcher::Reservation> Dispatcher::reserve(const std::string& pool, std::size_t commands) {
  if (commands == 0 || commands > commands_max) return std::nullopt;
  while (WaitingPoll* poll = take_first(pool, commands)) {
    // Without the lock: it asks the kernel, or NATS. Its thread waits for us, since it is reserved.
    if (!poll->worker.is_there || poll->worker.is_there())
      return std::optional<Reservation>(std::in_place, *this, *poll);
    end_abandoned(*poll);
  }
  return std::nullopt;
}

Dispatcher::WaitingPoll* Dispatcher::take_first(const std::string& pool, std::size_t commands) {
  const std::lock_guard lock(mutex_);
  const auto polls = polls_.find(pool);
  if (polls == polls_.end()) return nullptr;
  const auto first =
      std::ranges::find_if(polls->second, [&](const WaitingPoll* poll) { return poll->slots >= commands; });
  if (first == polls->second.end()) return nullptr;
  WaitingPoll* poll = *first;
  remove(*poll);
  poll->is_reserved = true;
  poll->reserved_at = std::chrono::steady_clock::now();
  return poll;
}

void Dispatcher::end_abandoned(WaitingPoll& poll) {
  const std::lock_guard lock(mutex_);
  poll.is_reserved = false;
  poll.is_done = true;
  poll.turn.notify_one();  // under the lock, as above
}

void Dispatcher::finish(WaitingPoll& poll, std::vector<domain::ClaimedCommand> commands, base::ClaimId claim_id) {
  const std::lock_guard lock(mutex_);
  poll.is_reserved = false;
  poll.is_done = !commands.empty();
  dispatched_ += commands.size();
  if (commands.empty()) polls_[poll.worker.pool].push_front(&poll);
  poll.dispatched = std::move(commands);
  poll.claim_id = claim_id;
  poll.turn.notify_one();  // under the lock, as above
}

void Dispatcher::remove(const WaitingPoll& poll) {
  const auto polls = polls_.find(poll.worker.pool);
  std::erase(polls->second, &poll);
  if (polls->second.empty()) polls_.erase(polls);  // names of pools come from outside: none is kept for nothing
}

const std::string& Dispatcher::Reservation::worker_id() const { return poll_->worker.worker_id; }
const std::string& Dispatcher::Reservation::instance() const { return poll_->worker.instance; }

void Dispatcher::Reservation::deliver(std::vector<domain::ClaimedCommand> commands, base::ClaimId claim_id) {
  if (WaitingPoll* poll = std::exchange(poll_, nullptr)) dispatcher_->finish(*poll, std::move(commands), claim_id);
}

std::size_t Dispatcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

std::uint64_t Dispatcher::dispatched() const {
  const std::lock_guard lock(mutex_);
  return dispatched_;
}

}  // namespace noetl::dispatch
