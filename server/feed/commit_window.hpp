#pragma once
// CommitWindow: which ids the events may have that have become visible since the last look. A transaction makes its ids at most `margin`
// before it gets its own, with its first write; so events of one that began between two looks are not older than the first of them, less the
// margin. Only transactions that have ended since make a look go further back. Pure; one thread.
#include <chrono>
#include <cstdint>
#include <map>

#include "server/feed/feed_position.hpp"

namespace noetl::feed {

class CommitWindow {
 public:
  // How much older an event's id may be than its transaction, with what clocks differ. Servers wait for a connection, a lock or a commit
  // in less (server/postgres, connection_pool).
  static constexpr std::chrono::milliseconds margin{30'000};

  // Goes on behind a position that is published as a whole.
  explicit CommitWindow(const FeedPosition& done);
  // From now on: a look that was just taken.
  CommitWindow(const Snapshot& now, std::int64_t now_ms);

  // The next look: the whole of it is the position that it gives.
  [[nodiscard]] FeedPosition look(const Snapshot& now, std::int64_t now_ms);
  [[nodiscard]] const Snapshot& seen() const { return seen_; }

 private:
  Snapshot seen_;
  std::map<std::int64_t, std::int64_t> lows_;  // of transactions that ran in `seen_`
  std::int64_t next_low_ = 0;  // of those that began later
};

}  // namespace noetl::feed
