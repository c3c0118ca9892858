#include "server/feed/commit_window.hpp"

#include <algorithm>

#include "shared/base/ids.hpp"

namespace noetl::feed {
namespace {

std::int64_t low_at(std::int64_t now_ms) {
  return std::max<std::int64_t>(base::IdGenerator::first_id_at(now_ms - CommitWindow::margin.count()), 0);
}

}  // namespace

CommitWindow::CommitWindow(const FeedPosition& done) : seen_(done.upto), next_low_(done.next_low) {
  for (const auto xid : seen_.running) lows_[xid] = done.next_low;
}

CommitWindow::CommitWindow(const Snapshot& now, std::int64_t now_ms) : seen_(now), next_low_(low_at(now_ms)) {
  for (const auto xid : seen_.running) lows_[xid] = next_low_;
}

FeedPosition CommitWindow::look(const Snapshot& now, std::int64_t now_ms) {
  FeedPosition position{.before = seen_, .upto = now, .event_id = all_events, .low = all_events, .next_low = 0};
  std::map<std::int64_t, std::int64_t> lows;
  for (const auto& [xid, low] : lows_) {
    if (now.has_running(xid)) {
      lows[xid] = low;
    } else {
      position.low = std::min(position.low, low);
    }
  }
  for (const auto xid : now.running) lows.try_emplace(xid, next_low_);
  if (now.xmax > seen_.xmax) position.low = std::min(position.low, next_low_);
  seen_ = now;
  lows_ = std::move(lows);
  next_low_ = std::max(next_low_, low_at(now_ms));
  position.next_low = next_low_;
  for (const auto& [xid, low] : lows_) position.next_low = std::min(position.next_low, low);
  return position;
}

}  // namespace noetl::feed
