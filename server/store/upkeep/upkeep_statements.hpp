#pragma once
// UpkeepStatements: what the background duties read and write, through one session. One thread.
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "shared/domain/command.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

// A command that upkeep may have to notify of again.
struct WaitingCommand {
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string step, pool;
  int priority = 0;
  int epoch = 0;
  std::string available_at;  // as Postgres printed it; of due ones only
  bool is_new = false;  // of another priority than 0: its notification went out a moment ago, with its enqueue
  bool is_postponed = false;  // though its execution is not paused
};

// One that is due after a moment, by Postgres's clock.
struct SoonDue {
  WaitingCommand command;
  std::chrono::milliseconds wait{0};
};

// Where to go on among the due ones of a pool.
struct DueCursor {
  std::string available_at;
  base::CommandId queue_id;
};
using DueCursors = std::map<std::string, DueCursor>;

// Behind the last one of each pool.
[[nodiscard]] inline DueCursors cursors_after(const std::vector<WaitingCommand>& page) {
  DueCursors cursors;
  for (const auto& command : page) cursors[command.pool] = {command.available_at, command.queue_id};
  return cursors;
}

// What one look at everything says. Whatever is false needs no further statement.
struct UpkeepLook {
  std::int64_t now_ms = 0;  // Postgres's clock, Unix milliseconds
  std::chrono::milliseconds next_due{0};  // until the next available_at; at most an hour
  std::chrono::milliseconds next_lease_end{0};  // until the first lease ends unless it is renewed; at most an hour
  std::chrono::milliseconds next_deadline{0};  // until the first execution's time is over; at most an hour
  bool has_overdue = false;  // executions whose time is over
  bool has_due = false;
  bool has_lost_worker = false;
  bool has_orphan = false;  // claims of workers that are gone
  bool has_change = false;  // counters to fold: something happened since
  bool has_waiting = false;
  bool has_running = false;
  bool has_unreported = false;  // a called playbook has ended and its caller was not told

  // Something may be lost or late soon: look often.
  [[nodiscard]] bool is_busy() const { return has_change || has_waiting || has_running; }
};

class UpkeepStatements {
 public:
  explicit UpkeepStatements(postgres::Session& session) : session_(session) {}

  [[nodiscard]] UpkeepLook look();
  [[nodiscard]] int schema_version();
  // Marks workers lost whose lease has run out; their ids.
  [[nodiscard]] std::vector<std::string> expire_workers();
  // Running commands of workers that are gone, or of one worker.
  [[nodiscard]] std::vector<domain::Lease> orphaned_commands(const std::optional<std::string>& worker_id);
  void forget_claims(const std::optional<std::string>& worker_id);
  // Of priority 0: of all pools that are not paused in turn, each from its cursor on; `limit` of all together.
  [[nodiscard]] std::vector<WaitingCommand> due_commands(const DueCursors& from, int limit);
  // Due within `horizon` and not yet, of pools that are not paused, the first ones first.
  [[nodiscard]] std::vector<SoonDue> due_soon(std::chrono::milliseconds horizon, int limit);
  // Pools that a worker could claim from now.
  [[nodiscard]] std::set<std::string> pools_with_workers();
  // Of other priorities: of each pool that is not paused the first `limit` above 0 and the first `limit` below it.
  [[nodiscard]] std::vector<WaitingCommand> due_by_priority(int limit);
  // Never handed back commands that wait, and those that are postponed for nothing, with ids in (after, until], looking at
  // `rows_max` rows at most, and until `waiting_max` of them wait; `last_seen` gets the last id looked at (`until` when the range was
  // exhausted).
  [[nodiscard]] std::vector<WaitingCommand> unclaimed(base::CommandId after, base::CommandId until, int rows_max,
                                                      int waiting_max, base::CommandId& last_seen);
  void fold_queue_changes();

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
