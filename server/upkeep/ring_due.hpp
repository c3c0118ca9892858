#pragma once
// RingDue: rings the doorbell of commands that wait and may not have been heard: those whose time has come
// (delays, retries, handed back), and fresh ones whose notification was lost. Each tick reads due ones of every pool in
// turn by their index, the newest window of ids once, and a bounded piece of all others in turn; nothing where the
// look says that nothing waits. Fresh ones whose pool has rings that no worker has taken yet stand in line and were
// most likely heard: they are rung after a minute, not after ring_after. Of those with another priority than 0 a few of each pool are
// rung, and none while a notification of the pool waits: it leads to them. One thread.
#include <chrono>
#include <vector>

#include "server/app/parts.hpp"
#include "server/notify/notifier.hpp"
#include "server/store/upkeep_statements.hpp"
#include "server/upkeep/ring_memory.hpp"

namespace noetl::store {
class DutyConnection;
}

namespace noetl::upkeep {

class RingDue {
 public:
  RingDue(app::Parts& parts, std::chrono::milliseconds ring_after) : parts_(parts), ring_after_(ring_after) {}

  struct Rung {
    int commands = 0;
    int first_time = 0;  // of them, those that upkeep had not rung before
    bool has_more = false;
  };
  // Between ticks: what was enqueued by SQL since, 20,000 at most. Due ones of all pools from the first on, or from where the last
  // call ended when that left more.
  Rung ring_enqueued(store::DutyConnection& connection);
  // The number rung.
  int tick(store::DutyConnection& connection, const store::UpkeepLook& look);
  // The last tick found more due ones than it read.
  [[nodiscard]] bool has_more_due() const { return !due_from_.empty(); }

 private:
  using Waiting = std::vector<store::WaitingCommand>;
  // Of what should not be put off: the number rung. They are no longer among `fresh`.
  int take_back(Waiting& fresh);
  void drop_those_in_line(Waiting& fresh, std::int64_t now_ms) const;
  Rung ring(store::DutyConnection& connection, const Waiting& waiting);
  void drop_unserved(store::DutyConnection& connection, std::vector<notify::Ring>& rings) const;
  void drop_those_of_busy_pools(Waiting& waiting) const;
  Rung ring_enqueued_by_priority(store::DutyConnection& connection);

  app::Parts& parts_;
  const std::chrono::milliseconds ring_after_;
  RingMemory memory_;
  base::CommandId newest_seen_;  // the newest window begins here
  std::uint64_t ticks_ = 0;
  store::DueCursors due_from_;  // empty: from the first
  store::DueCursors enqueued_from_;  // the same for ring_enqueued
  base::CommandId sweep_at_;  // the sweep over all others goes on here
};

}  // namespace noetl::upkeep
