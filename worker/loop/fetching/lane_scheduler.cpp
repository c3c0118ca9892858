#include "worker/loop/fetching/lane_scheduler.hpp"

#include <algorithm>
#include <numeric>

namespace noetl::loop {

namespace {
// A later lane holds what begins executions, the first what goes on in them: with more for the later ones, work in
// progress would grow faster than it is finished.
constexpr int share_divisor = 16;
constexpr std::uint64_t turns_per_rotation = 16;
constexpr std::uint64_t probes_per_rotation = 4;
constexpr int probe_all_room_min = 16;
constexpr int stale_max = 256;
// What stays open of it while another lane is busy is kept free for the first: a part of the room, not all.
constexpr int waited_for_max = 64;
}  // namespace

void LaneScheduler::record_batch_size(std::size_t lane, std::size_t messages, std::size_t commands) {
  if (messages > 0) size_[lane] = std::max(1, static_cast<int>((commands + messages - 1) / messages));
}

int LaneScheduler::messages_for(std::size_t lane, int slots) const {
  if (slots <= 0) return 0;
  const int messages = std::max(1, slots / size_[lane]);
  return lane > 0 ? messages : std::max(messages, std::min(messages * stale_factor_, stale_max));
}

void LaneScheduler::note_stale(bool are_stale) {
  stale_factor_ = are_stale ? std::min(stale_factor_ * 4, stale_max) : 1;
}

bool LaneScheduler::is_busy() const {
  return std::ranges::any_of(pending_, [](std::uint64_t pending) { return pending > 0; });
}

std::vector<int> LaneScheduler::to_wait_for(int room) const {
  std::vector<int> most(pending_.size(), 1);
  most.front() = std::clamp(room - static_cast<int>(most.size()) + 1, 1, waited_for_max);
  return most;
}

std::vector<int> LaneScheduler::divided(int room) {
  std::vector<int> most(pending_.size());
  std::vector<std::size_t> idle;
  for (std::size_t lane = 0; lane < most.size(); ++lane) {
    if (pending_[lane] == 0) idle.push_back(lane);
  }
  const auto busy = static_cast<int>(most.size() - idle.size());
  if (busy == 0) return to_wait_for(room);
  ++turns_;
  if (room >= probe_all_room_min) {
    for (const std::size_t lane : idle) most[lane] = 1;
  } else if (!idle.empty()) {
    const bool is_other = turns_ % probes_per_rotation == 0;
    most[is_other ? idle[turns_ / probes_per_rotation % idle.size()] : idle.front()] = 1;
  }
  int rest = room;
  const int share = std::max(1, rest / share_divisor);
  // From the last to the first: what the shares leave over is the first busy lane's.
  int left = busy;
  for (std::size_t lane = most.size(); lane-- > 0;) {
    if (pending_[lane] == 0) continue;
    most[lane] = --left == 0 ? rest : std::min(share, rest - left);
    rest -= most[lane];
  }
  return most;
}

std::vector<std::size_t> LaneScheduler::next_order() {
  std::vector<std::size_t> order(pending_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() < 2 || ++turns_ % turns_per_rotation != 0) return order;
  const std::size_t first = 1 + (turns_ / turns_per_rotation) % (order.size() - 1);
  std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(first), order.end());
  return order;
}

}  // namespace noetl::loop
