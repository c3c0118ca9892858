#include "server/app/hand_over.hpp"

#include <algorithm>

namespace noetl::app {

namespace {
constexpr std::size_t known_max = 4096;
}

HandOver::Given HandOver::wait(const Waiting& worker, std::chrono::steady_clock::time_point until,
                               std::stop_token stop) {
  const auto begin = std::chrono::steady_clock::now();
  Seat own{.worker = worker, .slots = worker.slots};
  std::unique_lock lock(mutex_);
  end_others_of(own);
  lines_[worker.pool].push_back(&own);
  ++waiting_;
  for (auto now = begin; now < until && !stop.stop_requested(); now = std::chrono::steady_clock::now()) {
    if (own.turn.wait_until(lock, stop, std::min(until, now + look_interval), [&] { return own.is_done; })) break;
    if (worker.is_there && !worker.is_there()) break;
  }
  // Whoever has taken the offer is in a transaction, which ends.
  own.turn.wait(lock, [&] { return own.is_done || !own.is_taken; });
  if (!own.is_done) leave(own);
  --waiting_;
  const auto claimed_at = own.given.empty() ? std::chrono::steady_clock::now() : own.taken_at;
  return {.commands = std::move(own.given),
          .claim_id = own.claim_id,
          .waited = std::chrono::duration_cast<std::chrono::milliseconds>(claimed_at - begin)};
}

// A worker waits in one call at a time: whoever asks anew has given the earlier one up, or is trying to fill the line.
void HandOver::end_others_of(const Seat& own) {
  std::vector<Seat*> earlier;
  for (const auto& [pool, line] : lines_) {
    for (Seat* seat : line) {
      if (seat->worker.worker_id == own.worker.worker_id) earlier.push_back(seat);
    }
  }
  for (Seat* seat : earlier) {
    leave(*seat);
    seat->is_done = true;
    seat->turn.notify_one();  // under the lock: the seat lives on its thread's stack
  }
}

bool HandOver::is_known(const Waiting& worker) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(worker.worker_id);
  return found != known_.end() && found->second.pool == worker.pool &&
         found->second.instance == worker.instance &&
         std::chrono::steady_clock::now() < found->second.until;
}

void HandOver::note_known(const Waiting& worker) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= known_max) known_.clear();
  known_[worker.worker_id] = {worker.pool, worker.instance, std::chrono::steady_clock::now() + known_for};
}

void HandOver::note_claimed(const std::string& worker_id, std::size_t commands) {
  const std::lock_guard lock(mutex_);
  if (waiting_ == 0) return;
  std::vector<Seat*> full;
  for (auto& [pool, line] : lines_) {
    for (Seat* seat : line) {
      if (seat->worker.worker_id != worker_id) continue;
      seat->slots -= std::min(seat->slots, commands);
      if (seat->slots == 0) full.push_back(seat);
    }
  }
  for (Seat* seat : full) {
    leave(*seat);
    seat->is_done = true;
    seat->turn.notify_one();  // under the lock: the seat lives on its thread's stack
  }
}

std::optional<HandOver::Offer> HandOver::take(const std::string& pool, std::size_t commands) {
  if (commands == 0 || commands > commands_max) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto line = lines_.find(pool);
  if (line == lines_.end()) return std::nullopt;
  const auto first = std::ranges::find_if(line->second, [&](const Seat* seat) {
    return seat->slots >= commands && (!seat->worker.is_there || seat->worker.is_there());
  });
  if (first == line->second.end()) return std::nullopt;
  Seat& seat = **first;
  leave(seat);
  seat.is_taken = true;
  seat.taken_at = std::chrono::steady_clock::now();
  return std::optional<Offer>(std::in_place, *this, seat);
}

void HandOver::end(Seat& seat, std::vector<domain::ClaimedCommand> commands, base::ClaimId claim_id) {
  const std::lock_guard lock(mutex_);
  seat.is_taken = false;
  seat.is_done = !commands.empty();
  given_ += commands.size();
  if (commands.empty()) lines_[seat.worker.pool].push_front(&seat);
  seat.given = std::move(commands);
  seat.claim_id = claim_id;
  seat.turn.notify_one();  // under the lock, as above
}

void HandOver::leave(const Seat& seat) {
  const auto line = lines_.find(seat.worker.pool);
  std::erase(line->second, &seat);
  if (line->second.empty()) lines_.erase(line);  // names of pools come from outside: none is kept for nothing
}

const std::string& HandOver::Offer::worker_id() const { return seat_->worker.worker_id; }
const std::string& HandOver::Offer::instance() const { return seat_->worker.instance; }

void HandOver::Offer::give(std::vector<domain::ClaimedCommand> commands, base::ClaimId claim_id) {
  if (Seat* seat = std::exchange(seat_, nullptr)) desk_->end(*seat, std::move(commands), claim_id);
}

std::size_t HandOver::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

std::uint64_t HandOver::given() const {
  const std::lock_guard lock(mutex_);
  return given_;
}

}  // namespace noetl::app
