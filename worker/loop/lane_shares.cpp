#include "worker/loop/lane_shares.hpp"

#include <algorithm>
#include <numeric>

namespace noetl::loop {

namespace {
// A later lane holds what begins executions, the first what goes on in them: with more for the later ones, work in
// progress would grow faster than it is finished.
constexpr int share_divisor = 16;
constexpr std::uint64_t turns_per_rotation = 16;
}  // namespace

bool LaneShares::is_busy() const {
  return std::ranges::any_of(pending_, [](std::uint64_t pending) { return pending > 0; });
}

std::vector<int> LaneShares::to_wait_for(int room) const {
  std::vector<int> most(pending_.size(), 1);
  most.front() = std::max(1, room - static_cast<int>(most.size()) + 1);
  return most;
}

std::vector<int> LaneShares::divided(int room) const {
  std::vector<int> most(pending_.size(), 1);
  const auto busy =
      static_cast<int>(std::ranges::count_if(pending_, [](auto pending) { return pending > 0; }));
  if (busy == 0) return to_wait_for(room);
  int rest = std::max(busy, room - static_cast<int>(most.size()) + busy);
  const int share = std::max(1, rest / share_divisor);
  // From the last to the first: what the shares leave over is the first busy lane's.
  int left = busy;
  for (std::size_t lane = most.size(); lane-- > 0;) {
    if (pending_[lane] == 0) continue;
    most[lane] = --left == 0 ? std::max(1, rest) : share;
    rest -= most[lane];
  }
  return most;
}

std::vector<std::size_t> LaneShares::next_order() {
  std::vector<std::size_t> order(pending_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() < 2 || ++turns_ % turns_per_rotation != 0) return order;
  const std::size_t first = 1 + (turns_ / turns_per_rotation) % (order.size() - 1);
  std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(first), order.end());
  return order;
}

}  // namespace noetl::loop
