#pragma once
// Renotifier: notifies of commands that wait without a notification: those whose time has come (delays, retries, handed back),
// and fresh ones whose notification was lost. Each tick reads the due ones of every pool in turn by their index, the newest
// window of ids once, and a bounded piece of all others in turn; it reads nothing where nothing waits. While notifications of a
// pool are undelivered, it skips the fresh commands of that pool for a minute instead of renotify_after. Of commands with a
// priority it notifies a few of each pool, and none while a notification of the pool waits: that one leads to them. One thread.
#include <chrono>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "server/notify/notifier.hpp"
#include "server/store/upkeep/upkeep_statements.hpp"
#include "server/upkeep/notify_backoff.hpp"

namespace noetl::postgres {
class DutyConnection;
}

namespace noetl::upkeep {

class Renotifier {
 public:
  Renotifier(dispatch::ServerContext& context, std::chrono::milliseconds renotify_after)
      : context_(context), renotify_after_(renotify_after) {}

  struct Sent {
    int commands = 0;
    int first_time = 0;  // of them, those that upkeep had not notified before
    bool has_more = false;
  };
  // Between ticks: what was enqueued by SQL since, 20,000 at most. Due ones of all pools from the first on, or from where the last
  // call ended when that left more.
  Sent notify_enqueued(postgres::DutyConnection& connection);
  // The number sent.
  int tick(postgres::DutyConnection& connection, const store::UpkeepLook& look);
  // The last tick found more due ones than it read.
  [[nodiscard]] bool has_more_due() const { return !due_from_.empty(); }

 private:
  using Waiting = std::vector<store::WaitingCommand>;
  // Of what should not be postponed: the number sent. They are no longer among `fresh`.
  int clear_stale_pauses(Waiting& fresh);
  void skip_undelivered(Waiting& fresh, std::int64_t now_ms) const;
  Sent send(postgres::DutyConnection& connection, const Waiting& waiting);
  void skip_unserved(postgres::DutyConnection& connection, std::vector<notify::Notification>& notifications) const;
  void skip_busy_pools(Waiting& waiting) const;
  Sent notify_enqueued_by_priority(postgres::DutyConnection& connection);

  dispatch::ServerContext& context_;
  const std::chrono::milliseconds renotify_after_;
  NotifyBackoff memory_;
  base::CommandId newest_seen_;  // the newest window begins here
  std::uint64_t ticks_ = 0;
  store::DueCursors due_from_;  // empty: from the first
  store::DueCursors enqueued_from_;  // the same for notify_enqueued
  base::CommandId sweep_at_;  // the sweep over all others goes on here
};

}  // namespace noetl::upkeep
