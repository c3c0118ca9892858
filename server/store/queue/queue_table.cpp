#include "server/store/queue/queue_table.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

namespace {
// Nearly always 0, and to read it as any number takes 5 % of what a claim costs this process.
std::int32_t priority_from(const pqxx::field& field) {
  const char* text = field.c_str();
  return text[0] == '0' ? 0 : field.as<std::int32_t>();
}

// By position, for this runs for every command: looking a column up by its name compares all names before it.
// claim_by_ids and commands_to_explain begin with these.
domain::ClaimedCommand claimed_from(const pqxx::row& row) {
  return {.lease = {{row[0].as<std::int64_t>()}, row[5].as<std::int32_t>()},
          .execution_id = {row[1].as<std::int64_t>()},
          .step = postgres::text_of(row[2]),
          .node_id = postgres::text_of(row[3]),
          .tool_kind = postgres::text_of(row[4]),
          .attempt = row[6].as<std::int32_t>(),
          .max_attempts = row[7].as<std::int32_t>(),
          .timeout = std::chrono::milliseconds{row[8].as<std::int64_t>()},
          .context = postgres::text_of(row[9]),
          .traceparent = postgres::text_of(row[10]),
          .priority = priority_from(row[11])};
}

domain::CommandStatus status_from(const pqxx::field& field) {
  return domain::command_status_from(field.c_str()).value_or(domain::CommandStatus::queued);
}

// cancel_commands_of_execution gives these.
std::vector<FinishedCommand> finished_from(const pqxx::result& rows) {
  std::vector<FinishedCommand> finished;
  finished.reserve(rows.size());
  for (const auto& row : rows)
    finished.push_back({{row[0].as<std::int64_t>()}, postgres::text_of(row[1]), postgres::text_of(row[2])});
  return finished;
}

// finish_plain gives these: (pool, tool_kind, "{id,id,…}").
std::vector<FinishedCommand> finished_from_groups(const pqxx::result& rows) {
  std::vector<FinishedCommand> finished;
  for (const auto& row : rows) {
    const auto pool = postgres::text_of(row[0]), tool_kind = postgres::text_of(row[1]);
    const std::string_view ids = row[2].c_str();
    for (const char* at = ids.data(); at != ids.data() + ids.size(); ++at) {
      std::int64_t id = 0;
      const auto read = std::from_chars(at, ids.data() + ids.size(), id);
      if (read.ec != std::errc{}) continue;  // a brace
      finished.push_back({{id}, pool, tool_kind});
      at = read.ptr;  // at the comma or brace behind it
    }
  }
  return finished;
}

std::vector<base::CommandId> ids_from(const pqxx::result& rows) {
  std::vector<base::CommandId> ids;
  ids.reserve(rows.size());
  for (const auto& row : rows) ids.push_back({row[0].as<std::int64_t>()});
  return ids;
}
}  // namespace

std::vector<domain::ClaimedCommand> QueueTable::claim(const Caller& worker, const std::vector<base::CommandId>& ids,
                                                      base::ClaimId claim_id, int slots) {
  const auto rows = session_.run(queries::ClaimByIds{.worker_id = worker.worker_id,
                                                     .ids = postgres::id_array(ids),
                                                     .claim_id = claim_id.value,
                                                     .instance = worker.instance,
                                                     .slots = slots});
  std::vector<domain::ClaimedCommand> commands;
  commands.reserve(rows.size());
  for (const auto& row : rows) commands.push_back(claimed_from(row));
  // Nearly always all have the same, and a sort would move each many times.
  if (!std::ranges::is_sorted(commands, std::greater{}, &domain::ClaimedCommand::priority))
    std::ranges::stable_sort(commands, std::greater{}, &domain::ClaimedCommand::priority);
  return commands;
}

std::vector<ExplainedCommand> QueueTable::explain(const std::vector<base::CommandId>& ids) {
  std::vector<ExplainedCommand> found;
  for (const auto& row : session_.run(queries::CommandsToExplain{.ids = postgres::id_array(ids)})) {
    found.push_back(
        {.command = claimed_from(row),
         .status = status_from(row["status"]),
         .worker_id = row["worker_id"].c_str(),
         .wait = std::chrono::milliseconds{row["wait_ms"].is_null() ? 0 : row["wait_ms"].as<std::int64_t>()},
         .pool = postgres::text_of(row["pool"]),
         .is_pool_paused = row["is_pool_paused"].as<bool>()});
  }
  return found;
}

std::vector<base::CommandId> QueueTable::claimable_of(const std::string& worker_id,
                                                      const std::vector<base::CommandId>& ids, int limit) {
  return ids_from(
      session_.run(queries::ClaimableOf{.worker_id = worker_id, .ids = postgres::id_array(ids), .limit = limit}));
}

std::vector<base::CommandId> QueueTable::candidates(const Looking& looking,
                                                    std::optional<base::CommandId>& first_fresh) {
  const auto rows = session_.run(queries::CandidatesInPool{
      .pool = looking.pool, .first = looking.from.value, .limit = looking.limit, .priority_min = looking.priority_min});
  first_fresh.reset();
  if (!rows.empty() && !rows[0]["first_fresh"].is_null()) {
    first_fresh = base::CommandId{rows[0]["first_fresh"].as<std::int64_t>()};
  }
  if (!rows.empty() && rows[0]["is_paused"].as<bool>()) return {};
  return ids_from(rows);
}

std::vector<FinishedCommand> QueueTable::finish_plain(const std::vector<FinishedPlain>& finished,
                                                      const Caller& worker) {
  postgres::ArrayLiteral ids, epochs, results, events, meta_list, durations;
  for (const auto& f : finished) {
    ids.add(f.lease.queue_id.value);
    epochs.add(f.lease.epoch);
    results.add(*f.result);
    durations.add(f.duration.count());
    if (f.lease.epoch == 1) {
      events.add_or_null(std::int64_t{0});
      meta_list.add_or_null(std::string_view());
      continue;
    }
    events.add_or_null(f.event_id.value);
    const auto trace = f.trace_id.empty() ? std::string() : ",\"trace_id\":\"" + f.trace_id + "\"";
    meta_list.add_or_null("{\"duration_us\":" + std::to_string(f.duration.count()) + trace + "}");
  }
  return finished_from_groups(session_.run(queries::FinishPlain{.ids = ids.text(),
                                                                .epochs = epochs.text(),
                                                                .results = results.text(),
                                                                .event_ids = events.text_or_null(),
                                                                .metas = meta_list.text_or_null(),
                                                                .worker_id = worker.worker_id,
                                                                .instance = worker.instance,
                                                                .durations = durations.text()}));
}

std::vector<base::CommandId> QueueTable::record_progress(const std::vector<wire::AttemptNote>& notes,
                                                         const std::vector<base::EventId>& ids, const Caller& worker) {
  postgres::ArrayLiteral commands, epochs, events, names, payloads;
  for (std::size_t i = 0; i < notes.size(); ++i) {
    commands.add(notes[i].lease.queue_id.value);
    epochs.add(notes[i].lease.epoch);
    events.add(ids[i].value);
    names.add(notes[i].name);
    payloads.add(notes[i].payload);
  }
  return ids_from(session_.run(queries::RecordProgress{.ids = commands.text(),
                                                       .epochs = epochs.text(),
                                                       .event_ids = events.text(),
                                                       .names = names.text(),
                                                       .payloads = payloads.text(),
                                                       .worker_id = worker.worker_id,
                                                       .instance = worker.instance}));
}

std::vector<LockedCommand> QueueTable::lock(const std::vector<base::CommandId>& ids) {
  std::vector<LockedCommand> locked;
  for (const auto& row : session_.run(queries::LockCommands{.ids = postgres::id_array(ids)})) {
    // By position: looking for a name costs more than reading the value.
    locked.push_back({.lease = {{row[0].as<std::int64_t>()}, row[6].as<std::int32_t>()},
                      .execution_id = {row[1].as<std::int64_t>()},
                      .node_id = postgres::text_of(row[2]),
                      .step = postgres::text_of(row[3]),
                      .tool_kind = postgres::text_of(row[4]),
                      .pool = postgres::text_of(row[5]),
                      .status = status_from(row[7]),
                      .attempts = row[8].as<int>(),
                      .max_attempts = row[9].as<int>(),
                      .priority = row[12].as<int>(),
                      .worker_id = postgres::text_of(row[10]),
                      .is_cancel_requested = row[11].as<bool>(),
                      .claimed_at = postgres::text_of(row[13]),
                      .frame = postgres::text_of(row[14]),
                      .retry = postgres::text_of(row[15]),
                      .instance = postgres::text_of(row[16])});
  }
  return locked;
}

std::map<base::CommandId, base::ExecutionId> QueueTable::executions_of(const std::vector<base::CommandId>& ids) {
  std::map<base::CommandId, base::ExecutionId> found;
  for (const auto& row : session_.run(queries::ExecutionsOfCommands{.ids = postgres::id_array(ids)})) {
    found[{row[0].as<std::int64_t>()}] = {row[1].as<std::int64_t>()};
  }
  return found;
}

void QueueTable::end_attempts(const std::vector<EndedAttempt>& ended) {
  postgres::ArrayLiteral ids, epochs, statuses, attempts, results, errors, delays;
  for (const auto& e : ended) {
    ids.add(e.lease.queue_id.value);
    epochs.add(e.lease.epoch);
    statuses.add(domain::to_string(e.status));
    attempts.add(e.attempts);
    results.add_or_null(e.result);
    errors.add_or_null(e.error);
    delays.add(e.delay.count());
  }
  session_.run(queries::EndAttempts{.ids = ids.text(),
                                    .epochs = epochs.text(),
                                    .statuses = statuses.text(),
                                    .attempts = attempts.text(),
                                    .results = results.text_or_null(),
                                    .errors = errors.text_or_null(),
                                    .delays_ms = delays.text()});
}

void QueueTable::insert_dead_letters(const std::vector<DeadLetter>& letters) {
  postgres::ArrayLiteral ids, pools, kinds, error_kinds, errors, attempts, fingerprints;
  for (const auto& letter : letters) {
    ids.add(letter.queue_id.value);
    pools.add(letter.pool);
    kinds.add(letter.tool_kind);
    error_kinds.add(letter.error_kind);
    errors.add(letter.error);
    attempts.add(letter.attempts);
    fingerprints.add(letter.fingerprint);
  }
  session_.run(queries::InsertDeadLetters{.ids = ids.text(),
                                          .pools = pools.text(),
                                          .kinds = kinds.text(),
                                          .error_kinds = error_kinds.text(),
                                          .errors = errors.text(),
                                          .attempts = attempts.text(),
                                          .fingerprints = fingerprints.text()});
}

std::vector<FinishedCommand> QueueTable::cancel_commands(base::ExecutionId execution_id) {
  return finished_from(session_.run(queries::CancelCommandsOfExecution{.execution_id = execution_id.value}));
}

std::optional<RunningCommand> QueueTable::running_at(base::ExecutionId execution_id, const std::string& step) {
  const auto rows = session_.run(queries::CommandOfStep{.execution_id = execution_id.value, .step = step});
  if (rows.empty()) return std::nullopt;
  return RunningCommand{{{rows[0]["queue_id"].as<std::int64_t>()}, rows[0]["epoch"].as<std::int32_t>()},
                        rows[0]["worker_id"].c_str()};
}

}  // namespace noetl::store
