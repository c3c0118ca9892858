#include "server/notify/group_backlog.hpp"

#include <algorithm>

namespace noetl::notify {

std::size_t GroupBacklog::add(const std::string& pool, std::uint64_t group) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = pools_[pool].try_emplace(group);
  const std::size_t lane = wire::lane_of(found->second.count++, backlog_max_);
  if (is_new && ++groups_ > groups_max) make_room();
  return lane;
}

std::size_t GroupBacklog::lane_of(const std::string& pool, std::uint64_t group) const {
  const std::lock_guard lock(mutex_);
  const auto groups = pools_.find(pool);
  if (groups == pools_.end()) return 0;
  const auto found = groups->second.find(group);
  return found == groups->second.end() ? 0 : wire::lane_of(found->second.count, backlog_max_);
}

void GroupBacklog::reconcile(const std::string& pool, const Pending& num_pending) {
  // What is left of a line whose last one stands in that lane, by lane.
  Pending rest{};
  std::uint64_t below = 0;
  for (std::size_t lane = 0; lane < wire::lanes; ++lane) {
    const std::uint64_t all = lane + 1 < wire::lanes ? backlog_max_[lane] : UINT64_MAX;
    rest[lane] = num_pending[lane] > 0 ? all : below;
    below = rest[lane];
  }
  const std::lock_guard lock(mutex_);
  const auto groups = pools_.find(pool);
  if (groups == pools_.end()) return;
  for (auto& [group, backlog] : groups->second) {
    const std::uint64_t before = backlog.count_before;
    if (before > 0) backlog.count -= before - std::min(before, rest[wire::lane_of(before - 1, backlog_max_)]);
    backlog.count_before = backlog.count;
  }
  groups_ -= std::erase_if(groups->second, [](const auto& group) { return group.second.count == 0; });
  if (groups->second.empty()) pools_.erase(groups);
}

void GroupBacklog::make_room() {
  for (auto& [pool, groups] : pools_) {
    groups_ -=
        std::erase_if(groups, [&](const auto& group) { return wire::lane_of(group.second.count, backlog_max_) == 0; });
  }
  if (groups_ <= groups_max) return;
  pools_.clear();
  groups_ = 0;
}

std::size_t GroupBacklog::groups() const {
  const std::lock_guard lock(mutex_);
  return groups_;
}

}  // namespace noetl::notify
