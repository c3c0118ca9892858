#pragma once
// QueueTable: the statements on noetl.queue that change it, through one session. JSON columns are text.
// One thread, as long as the session.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/domain/command.hpp"
#include "shared/wire/messages/command.hpp"
#include "shared/wire/messages/report.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

// How a locked command goes on. `attempts` as it is to stand afterwards.
struct EndedAttempt {
  domain::Lease lease;
  domain::CommandStatus status = domain::CommandStatus::done;
  int attempts = 0;
  std::string result, error;  // JSON text or empty
  std::chrono::milliseconds delay{0};  // for status queued
};

// A command that its worker began before it was issued.
struct AtWorker {
  std::chrono::microseconds begun_ago{0};
  std::optional<EndedAttempt> end;  // nothing: it runs
};

// A command of an execution, as the engine decided it.
struct NewExecutionCommand {
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string node_id, step, tool_kind, pool;
  int priority = 0;
  int max_attempts = 3;
  std::chrono::milliseconds timeout{0};
  std::chrono::milliseconds delay{0};  // 0: at once
  std::string context;
  std::string frame;  // JSON text or empty
  std::optional<AtWorker> at_worker = {};
};

struct ExplainedCommand {
  domain::ClaimedCommand command;
  domain::CommandStatus status = domain::CommandStatus::queued;
  std::string worker_id;
  std::chrono::milliseconds wait{0};  // until available_at
  std::string pool;
  bool is_pool_paused = false;
};

struct LockedCommand {
  domain::Lease lease;
  base::ExecutionId execution_id;
  std::string node_id, step, tool_kind, pool;
  domain::CommandStatus status = domain::CommandStatus::queued;
  int attempts = 0, max_attempts = 0, priority = 0;
  std::string worker_id;
  bool is_cancel_requested = false;
  std::string claimed_at;
  std::string frame;  // JSON text or empty
  std::string retry;  // the same: wire/retry
  std::string instance = {};  // of its worker, as it has registered; empty when it has none
};

struct DeadLetter {
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  int epoch = 0;
  std::string step;
  std::string pool, tool_kind, error_kind, error;
  int attempts = 0;
  std::string fingerprint;  // of the error: app/error_fingerprint
};

struct FinishedPlain {
  domain::Lease lease;
  const std::string* result = nullptr;  // JSON text
  base::EventId event_id;  // not set for epoch 1
  std::chrono::microseconds duration{0};
  std::string trace_id = {};
};

// A command whose attempt has ended, as it is counted.
struct FinishedCommand {
  base::CommandId queue_id;
  std::string pool, tool_kind;
};

struct RunningCommand {
  domain::Lease lease;
  std::string worker_id;
};

// A worker that waits for the commands that a statement inserts; without an id there is none.
struct ClaimFor {
  std::string worker_id;
  base::ClaimId claim_id{};
  std::string instance = {};
};

// Who calls: a worker's name, and the process behind it (wire/worker).
struct Caller {
  const std::string& worker_id;
  const std::string& instance;
};

// What a poll looks for in a pool.
struct Looking {
  const std::string& pool;
  base::CommandId from;  // nothing that was never handed back waits below it
  int limit = 1;
  int priority_min = wire::priority_min;
};

struct InsertedPlain {
  std::vector<base::CommandId> inserted;
  std::vector<domain::ClaimedCommand> claimed;  // of those, for the claim_for
};

// The command that has the idempotency key of another one.
struct KeyedCommand {
  base::CommandId queue_id;
  bool is_same = true;  // tool, input and pool are
  std::string fingerprint, asked_fingerprint;  // of the work, its own and the other's
};

class QueueTable {
 public:
  explicit QueueTable(postgres::Session& session) : session_(session) {}

  // Those that are at a worker are left out.
  void insert(const std::vector<NewExecutionCommand>& commands, const std::string& traceparent);
  // ids[i] is for commands[i]; `pools` says what those get that leave attempts or retry to their pool. Gives the ids
  // that were inserted: known idempotency keys are left out. `claim_for`: all of them are claimed for that worker, as claim() does it;
  // they are due, and of its pool.
  [[nodiscard]] InsertedPlain insert_plain(const std::vector<wire::NewCommand>& commands,
                                           const std::vector<base::CommandId>& ids, const wire::PoolsByName& pools = {},
                                           const ClaimFor& claim_for = {});
  // The commands that have the keys of these; one that is just being written by another is not found.
  [[nodiscard]] std::vector<std::optional<KeyedCommand>> of_keys(const std::vector<const wire::NewCommand*>& commands);

  // Those of the worker's own pool, to the process that registered; highest priority first. `slots`: at most so many, and first what is
  // due in the pool with a priority above 0, whatever the ids; 0: the ids alone, locked in their order.
  [[nodiscard]] std::vector<domain::ClaimedCommand> claim(const Caller& worker, const std::vector<base::CommandId>& ids,
                                                          base::ClaimId claim_id, int slots = 0);
  // The first of those ids that the worker could claim, or holds already; at most `limit`.
  [[nodiscard]] std::vector<base::CommandId> claimable_of(const std::string& worker_id,
                                                          const std::vector<base::CommandId>& ids, int limit);
  [[nodiscard]] std::vector<ExplainedCommand> explain(const std::vector<base::CommandId>& ids);
  // Highest priority first, then the oldest; none of a paused pool. `first_fresh` gets the oldest never handed back id that waits, if any.
  [[nodiscard]] std::vector<base::CommandId> candidates(const Looking& looking,
                                                        std::optional<base::CommandId>& first_fresh);

  // Those that were finished: running, plain, held by that worker at that epoch.
  [[nodiscard]] std::vector<FinishedCommand> finish_plain(const std::vector<FinishedPlain>& finished,
                                                          const Caller& worker);
  [[nodiscard]] std::vector<LockedCommand> lock(const std::vector<base::CommandId>& ids);
  [[nodiscard]] std::map<base::CommandId, base::ExecutionId> executions_of(const std::vector<base::CommandId>& ids);
  void end_attempts(const std::vector<EndedAttempt>& ended);
  // ids[i] is for the event of notes[i]. Gives the commands that it was taken of: those that this worker runs at that epoch.
  [[nodiscard]] std::vector<base::CommandId> record_progress(const std::vector<wire::AttemptNote>& notes,
                                                             const std::vector<base::EventId>& ids,
                                                             const Caller& worker);
  void insert_dead_letters(const std::vector<DeadLetter>& letters);
  // Those that were running.
  [[nodiscard]] std::vector<FinishedCommand> cancel_commands(base::ExecutionId execution_id);
  [[nodiscard]] std::optional<RunningCommand> running_at(base::ExecutionId execution_id, const std::string& step);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
