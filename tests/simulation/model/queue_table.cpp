// server/store/queue/queue_table.hpp on the model database: one function for each statement of sql/queries/queue.sql, and
// in its order.
#include "server/store/queue/queue_table.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/simulation/model/claim_order.hpp"
#include "tests/simulation/model/session.hpp"

namespace noetl::store {

namespace {
using domain::CommandStatus;
using simulation::by_priority;
using simulation::is_due;
using simulation::QueueRow;
using simulation::Time;
using std::chrono::milliseconds;

std::string context_of(const wire::NewCommand& command) {
  return "{\"tool\":" + command.tool + ",\"input\":" + command.input + "}";
}

domain::ClaimedCommand claimed_from(const QueueRow& row) {
  return {.lease = {row.queue_id, row.epoch},
          .execution_id = row.execution_id,
          .step = row.step,
          .node_id = row.node_id,
          .tool_kind = row.tool_kind,
          .attempt = row.attempts,
          .max_attempts = row.max_attempts,
          .timeout = row.timeout,
          .context = row.context,
          .traceparent = row.traceparent,
          .priority = row.priority};
}

std::string instance_of(const simulation::Database& database, const std::string& worker_id) {
  const auto found = database.workers.find(worker_id);
  return found == database.workers.end() ? std::string{} : found->second.registration.instance;
}

// No other process has registered under that name.
bool speaks_for(const simulation::Database& database, const Caller& worker) {
  const auto found = database.workers.find(worker.worker_id);
  return found == database.workers.end() || found->second.is_of(worker.instance);
}

void finish(QueueRow& row, CommandStatus status, Time now) {
  row.status = status;
  row.finished_at = now;
}
}  // namespace

void QueueTable::insert(const std::vector<NewExecutionCommand>& commands, const std::string& traceparent) {
  auto& database = session_.database;
  for (const auto& c : commands) {
    if (c.at_worker) continue;
    QueueRow row;
    row.queue_id = c.queue_id;
    row.execution_id = c.execution_id;
    row.node_id = c.node_id;
    row.step = c.step;
    row.tool_kind = c.tool_kind;
    row.pool = c.pool;
    row.priority = c.priority;
    row.max_attempts = c.max_attempts;
    row.timeout = c.timeout;
    if (c.delay.count() > 0 || c.priority != 0) row.available_at = database.now() + c.delay;
    row.context = c.context;
    row.frame = c.frame;
    row.traceparent = traceparent;
    row.created_at = database.now();
    database.insert(std::move(row));
  }
}

InsertedPlain QueueTable::insert_plain(const std::vector<wire::NewCommand>& commands,
                                       const std::vector<base::CommandId>& ids,
                                       const wire::PoolsByName& /*none has rules here*/, const ClaimFor& claim_for) {
  auto& database = session_.database;
  std::vector<base::CommandId> inserted;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto& c = commands[i];
    if (!c.idempotency_key.empty() && database.queue_keys.contains(c.idempotency_key)) continue;
    QueueRow row;
    row.queue_id = ids[i];
    row.step = c.tool_kind;
    row.tool_kind = c.tool_kind;
    row.pool = c.pool;
    row.priority = c.priority;
    row.max_attempts = c.max_attempts.value_or(wire::attempts_max_default);
    row.timeout = c.timeout;
    row.retry = c.retry;
    const auto delay = c.delay.value_or(milliseconds{0});
    if (delay.count() > 0 || c.priority != 0) row.available_at = database.now() + delay;
    row.context = context_of(c);
    row.idempotency_key = c.idempotency_key;
    row.traceparent = c.traceparent;
    row.created_at = database.now();
    inserted.push_back(row.queue_id);
    database.insert(std::move(row));
  }
  // Unlike Postgres in two steps: nobody sees what lies between them.
  auto claimed = claim_for.worker_id.empty()
                     ? std::vector<domain::ClaimedCommand>{}
                     : claim({claim_for.worker_id, claim_for.instance}, inserted, claim_for.claim_id);
  return {.inserted = std::move(inserted), .claimed = std::move(claimed)};
}

std::vector<std::optional<KeyedCommand>> QueueTable::of_keys(const std::vector<const wire::NewCommand*>& commands) {
  using Json = nlohmann::json;
  const auto fingerprint = [](const std::string& pool, const Json& context) {
    return std::to_string(std::hash<std::string>{}(pool + " " + context.dump()));
  };
  std::vector<std::optional<KeyedCommand>> found;
  for (const auto* command : commands) {
    const auto known = session_.database.queue_keys.find(command->idempotency_key);
    auto& one = found.emplace_back();
    if (known == session_.database.queue_keys.end()) continue;
    const QueueRow& row = *session_.database.find(known->second);
    const Json stored = Json::parse(row.context);
    const Json asked = Json::parse(context_of(*command));
    one = KeyedCommand{.queue_id = known->second,
                       .is_same = row.pool == command->pool && stored == asked,
                       .fingerprint = fingerprint(row.pool, stored),
                       .asked_fingerprint = fingerprint(command->pool, asked)};
  }
  return found;
}

std::vector<domain::ClaimedCommand> QueueTable::claim(const Caller& asker, const std::vector<base::CommandId>& ids,
                                                      base::ClaimId claim_id, int slots) {
  auto& database = session_.database;
  const auto& worker_id = asker.worker_id;
  const auto worker = database.workers.find(worker_id);
  if (worker == database.workers.end() || !worker->second.is_active() || worker->second.lease_until <= database.now() ||
      !worker->second.is_of(asker.instance)) {
    return {};
  }
  std::vector<domain::ClaimedCommand> commands;
  std::vector<base::CommandId> claimed;
  const auto& pool = worker->second.registration.pool;
  const auto chosen = slots > 0 ? by_priority(database, pool, ids, static_cast<std::size_t>(slots)) : ids;
  for (const auto id : std::set(chosen.begin(), chosen.end())) {
    QueueRow* row = database.find(id);
    if (row == nullptr || row->status != CommandStatus::queued || !is_due(*row, database.now())) continue;
    if (row->pool != worker->second.registration.pool) continue;
    database.update(*row, "claim_by_ids", [&](QueueRow& q) {
      q.status = CommandStatus::running;
      ++q.epoch;
      ++q.attempts;
      q.worker_id = worker_id;
      q.claimed_at = database.now();
      q.available_at.reset();
    });
    commands.push_back(claimed_from(*row));
    claimed.push_back(id);
  }
  if (!claimed.empty() && !database.flaws.is_unlisted) {
    database.claims[{worker_id, claim_id}] = {.queue_ids = std::move(claimed), .claimed_at = database.now()};
  }
  std::ranges::stable_sort(commands, std::greater{}, &domain::ClaimedCommand::priority);
  return commands;
}

std::vector<base::CommandId> QueueTable::claimable_of(const std::string& worker_id,
                                                      const std::vector<base::CommandId>& ids, int limit) {
  std::vector<base::CommandId> chosen;
  const auto& database = session_.database;
  for (const auto id : std::set<base::CommandId>(ids.begin(), ids.end())) {
    const QueueRow* row = session_.database.find(id);
    if (row == nullptr || static_cast<int>(chosen.size()) >= limit) continue;
    const auto worker = database.workers.find(worker_id);
    const bool is_of_pool = worker != database.workers.end() && worker->second.registration.pool == row->pool;
    if ((row->status == CommandStatus::queued && is_due(*row, database.now()) && is_of_pool) ||
        (row->status == CommandStatus::running && row->worker_id == worker_id))
      chosen.push_back(id);
  }
  return chosen;
}

std::vector<ExplainedCommand> QueueTable::explain(const std::vector<base::CommandId>& ids) {
  std::vector<ExplainedCommand> found;
  for (const auto id : ids) {
    const QueueRow* row = session_.database.find(id);
    if (row == nullptr) continue;
    milliseconds wait{0};
    if (row->available_at) {
      wait = std::max(wait, std::chrono::round<milliseconds>(*row->available_at - session_.database.now()));
    }
    found.push_back({.command = claimed_from(*row),
                     .status = row->status,
                     .worker_id = row->worker_id,
                     .wait = wait,
                     .pool = row->pool,
                     .is_pool_paused = false});
  }
  return found;
}

std::vector<FinishedCommand> QueueTable::finish_plain(const std::vector<FinishedPlain>& finished,
                                                      const Caller& worker) {
  auto& database = session_.database;
  if (!speaks_for(database, worker)) return {};
  std::vector<FinishedCommand> done;
  for (const auto& f : finished) {
    QueueRow* row = database.find(f.lease.queue_id);
    if (row == nullptr || row->execution_id.is_set()) continue;
    const bool is_fenced =
        row->epoch == f.lease.epoch && row->status == CommandStatus::running && row->worker_id == worker.worker_id;
    if (!is_fenced && (!database.flaws.is_unfenced || domain::is_terminal(row->status))) continue;
    // An update meets a row once, however often its id is in the input.
    if (std::ranges::count(done, f.lease.queue_id, &FinishedCommand::queue_id) > 0) continue;
    database.update(*row, "finish_plain", [&](QueueRow& q) {
      finish(q, CommandStatus::done, database.now());
      q.result = *f.result;
      q.error.clear();
    });
    NewEventRow event;
    // Of a first attempt the row is the log, and noetl.event_history makes an id of its own.
    if (row->epoch > 1) event.event_id = f.event_id;
    event.queue_id = row->queue_id;
    event.event_type = "command.completed";
    event.step = row->step;
    event.epoch = row->epoch;
    event.status = "done";
    event.worker_id = row->worker_id;
    database.add_event(event);
    done.push_back({row->queue_id, row->pool, row->tool_kind});
  }
  return done;
}

std::vector<base::CommandId> QueueTable::record_progress(const std::vector<wire::AttemptNote>& notes,
                                                         const std::vector<base::EventId>& ids, const Caller& worker) {
  auto& database = session_.database;
  const auto& worker_id = worker.worker_id;
  if (!speaks_for(database, worker)) return {};
  std::vector<base::CommandId> told;
  for (std::size_t i = 0; i < notes.size(); ++i) {
    QueueRow* row = database.find(notes[i].lease.queue_id);
    if (row == nullptr || row->status != CommandStatus::running || row->worker_id != worker_id) continue;
    if (row->epoch != notes[i].lease.epoch || std::ranges::count(told, row->queue_id) > 0) continue;
    row->result = notes[i].payload;
    told.push_back(row->queue_id);
    if (!row->execution_id.is_set()) continue;
    NewEventRow event;
    event.event_id = ids[i];
    event.execution_id = row->execution_id;
    event.queue_id = row->queue_id;
    event.event_type = notes[i].name;
    event.step = row->step;
    event.node_id = row->node_id;
    event.status = "running";
    event.payload = notes[i].payload;
    event.worker_id = worker_id;
    database.add_event(event);
  }
  return told;
}

std::vector<LockedCommand> QueueTable::lock(const std::vector<base::CommandId>& ids) {
  std::vector<base::CommandId> sorted(ids);
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<LockedCommand> locked;
  for (const auto id : sorted) {
    const QueueRow* row = session_.database.find(id);
    if (row == nullptr) continue;
    locked.push_back({.lease = {row->queue_id, row->epoch},
                      .execution_id = row->execution_id,
                      .node_id = row->node_id,
                      .step = row->step,
                      .tool_kind = row->tool_kind,
                      .pool = row->pool,
                      .status = row->status,
                      .attempts = row->attempts,
                      .max_attempts = row->max_attempts,
                      .priority = row->priority,
                      .worker_id = row->worker_id,
                      .is_cancel_requested = row->is_cancel_requested,
                      .claimed_at = row->claimed_at ? std::to_string(row->claimed_at->count()) : std::string{},
                      .frame = row->frame,
                      .retry = row->retry,
                      .instance = instance_of(session_.database, row->worker_id)});
  }
  return locked;
}

std::map<base::CommandId, base::ExecutionId> QueueTable::executions_of(const std::vector<base::CommandId>& ids) {
  std::map<base::CommandId, base::ExecutionId> found;
  for (const auto id : ids) {
    const QueueRow* row = session_.database.find(id);
    if (row != nullptr && row->execution_id.is_set()) found[id] = row->execution_id;
  }
  return found;
}

void QueueTable::end_attempts(const std::vector<EndedAttempt>& ended) {
  auto& database = session_.database;
  for (const auto& e : ended) {
    QueueRow* row = database.find(e.lease.queue_id);
    if (row == nullptr) continue;
    if (row->epoch != e.lease.epoch || row->status != CommandStatus::running) continue;
    database.update(*row, "end_attempts", [&](QueueRow& q) {
      q.status = e.status;
      q.attempts = e.attempts;
      q.result = e.result;
      q.error = e.error;
      q.available_at.reset();
      q.finished_at.reset();
      if (e.status == CommandStatus::queued)
        q.available_at = database.now() + e.delay;
      else
        q.finished_at = database.now();
    });
  }
}

void QueueTable::insert_dead_letters(const std::vector<DeadLetter>& letters) {
  for (const auto& letter : letters) session_.database.dead_letters.emplace(letter.queue_id, letter);
}

std::vector<FinishedCommand> QueueTable::cancel_commands(base::ExecutionId execution_id) {
  auto& database = session_.database;
  std::vector<FinishedCommand> were_running;
  for (const auto id : database.commands_of[execution_id]) {
    QueueRow& row = database.queue.at(id);
    if (row.status != CommandStatus::queued && row.status != CommandStatus::running) continue;
    if (row.status == CommandStatus::running) were_running.push_back({row.queue_id, row.pool, row.tool_kind});
    database.update(row, "cancel_commands_of_execution", [&](QueueRow& q) {
      finish(q, CommandStatus::cancelled, database.now());
      q.is_cancel_requested = true;
      q.available_at.reset();
    });
  }
  return were_running;
}

std::optional<RunningCommand> QueueTable::running_at(base::ExecutionId execution_id, const std::string& step) {
  for (const auto id : session_.database.commands_of[execution_id]) {
    const QueueRow& row = session_.database.queue.at(id);
    if (row.step != step || row.status != CommandStatus::running) continue;
    return RunningCommand{{row.queue_id, row.epoch}, row.worker_id};
  }
  return std::nullopt;
}

}  // namespace noetl::store
