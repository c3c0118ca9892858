#pragma once
// Effects: what a transaction brings about outside Postgres once it is committed. A use case's transaction gives them as a value, and
// decisions::perform does all of them. Of a transaction that is rolled back or repeated they are dropped, and nobody hears of it. One
// thread.
#include <optional>
#include <vector>

#include "server/counts/work.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/notify/notifier.hpp"

namespace noetl::dispatch {

// Commands that were claimed for a waiting worker. Dropped, its poll is the first in line again.
struct DirectDispatch {
  Dispatcher::Reservation reservation;
  std::vector<domain::ClaimedCommand> commands;
  base::ClaimId claim_id;
};

struct Effects {
  bool is_accepted = false;  // a client's commands or executions were written; the chaos tests may end the server here
  counts::Work work;  // is counted
  std::optional<DirectDispatch> direct_dispatch;  // is delivered
  std::vector<notify::Notification> notifications;  // go out, or are kept until they are due
  bool has_times = false;  // something is due at a time that only Postgres knows
  std::vector<notify::DeadLetterMessage> dead_letters;  // are published
  std::vector<base::ExecutionId> ended_children;  // executions whose callers go on

  [[nodiscard]] bool is_empty() const {
    return work.is_empty() && !direct_dispatch && notifications.empty() && !has_times && dead_letters.empty() &&
           ended_children.empty();
  }
};

}  // namespace noetl::dispatch
