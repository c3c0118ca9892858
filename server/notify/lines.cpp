#include "server/notify/lines.hpp"

#include <algorithm>

namespace noetl::notify {

std::size_t Lines::join(const std::string& pool, std::uint64_t group) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = pools_[pool].try_emplace(group);
  const std::size_t lane = wire::lane_of(found->second.count++, line_max_);
  if (is_new && ++groups_ > groups_max) make_room();
  return lane;
}

std::size_t Lines::lane_of(const std::string& pool, std::uint64_t group) const {
  const std::lock_guard lock(mutex_);
  const auto groups = pools_.find(pool);
  if (groups == pools_.end()) return 0;
  const auto found = groups->second.find(group);
  return found == groups->second.end() ? 0 : wire::lane_of(found->second.count, line_max_);
}

void Lines::settle(const std::string& pool, const Untaken& untaken) {
  // What is left of a line whose last one stands in that lane, by lane.
  Untaken rest{};
  std::uint64_t below = 0;
  for (std::size_t lane = 0; lane < wire::lanes; ++lane) {
    const std::uint64_t all = lane + 1 < wire::lanes ? line_max_[lane] : UINT64_MAX;
    rest[lane] = untaken[lane] > 0 ? all : below;
    below = rest[lane];
  }
  const std::lock_guard lock(mutex_);
  const auto groups = pools_.find(pool);
  if (groups == pools_.end()) return;
  for (auto& [group, line] : groups->second) {
    const std::uint64_t before = line.count_before;
    if (before > 0) line.count -= before - std::min(before, rest[wire::lane_of(before - 1, line_max_)]);
    line.count_before = line.count;
  }
  groups_ -= std::erase_if(groups->second, [](const auto& group) { return group.second.count == 0; });
  if (groups->second.empty()) pools_.erase(groups);
}

void Lines::make_room() {
  for (auto& [pool, groups] : pools_) {
    groups_ -=
        std::erase_if(groups, [&](const auto& group) { return wire::lane_of(group.second.count, line_max_) == 0; });
  }
  if (groups_ <= groups_max) return;
  pools_.clear();
  groups_ = 0;
}

std::size_t Lines::groups() const {
  const std::lock_guard lock(mutex_);
  return groups_;
}

}  // namespace noetl::notify
