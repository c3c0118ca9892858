#include "server/store/queue/dead_letter_table.hpp"

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

namespace {
wire::DeadLetter letter_from(const pqxx::row& row) {
  return {.queue_id = {row["queue_id"].as<std::int64_t>()},
          .execution_id = {row["execution_id"].as<std::int64_t>()},
          .step = postgres::text_of(row["step"]),
          .pool = postgres::text_of(row["pool"]),
          .tool_kind = postgres::text_of(row["tool_kind"]),
          .error_kind = postgres::text_of(row["error_kind"]),
          .fingerprint = postgres::text_of(row["fingerprint"]),
          .error = postgres::text_of(row["error"]),
          .attempts = row["attempts"].as<int>(),
          .died_at = postgres::text_of(row["died_at"]),
          .redriven_as = {row["redriven_as"].as<std::int64_t>()},
          .closed_at = postgres::text_of(row["closed_at"])};
}

// Statements of dead.sql that take a filter have a form for one fingerprint, with the same members.
template <class AnyCause, class OneCause, class Make>
pqxx::result filtered(postgres::Session& session, const wire::DeadFilter& filter, const Make& run) {
  if (filter.fingerprint.empty()) return run.template operator()<AnyCause>(session);
  return run.template operator()<OneCause>(session);
}
}  // namespace

std::vector<wire::DeadLetter> DeadLetterTable::list(const wire::DeadFilter& filter, int limit) {
  std::vector<wire::DeadLetter> letters;
  for (const auto& row :
       filtered<queries::DeadLetters, queries::DeadLettersOfCause>(session_, filter, [&]<class Query>(auto& session) {
         return session.run(Query{.fingerprint = filter.fingerprint,
                                  .pool = filter.pool,
                                  .tool_kind = filter.tool_kind,
                                  .error_kind = filter.error_kind,
                                  .after = filter.after.value,
                                  .before = filter.before.value,
                                  .state = filter.state,
                                  .limit = limit});
       }))
    letters.push_back(letter_from(row));
  return letters;
}

std::vector<wire::DeadGroup> DeadLetterTable::groups(const wire::DeadFilter& filter, int limit) {
  std::vector<wire::DeadGroup> groups;
  for (const auto& row :
       filtered<queries::DeadGroups, queries::DeadGroupsOfCause>(session_, filter, [&]<class Query>(auto& session) {
         return session.run(Query{.fingerprint = filter.fingerprint,
                                  .pool = filter.pool,
                                  .tool_kind = filter.tool_kind,
                                  .error_kind = filter.error_kind,
                                  .after = filter.after.value,
                                  .before = filter.before.value,
                                  .state = filter.state,
                                  .limit = limit});
       })) {
    groups.push_back({.fingerprint = postgres::text_of(row["fingerprint"]),
                      .tool_kind = postgres::text_of(row["tool_kind"]),
                      .error_kind = postgres::text_of(row["error_kind"]),
                      .count = row["count"].as<std::int64_t>(),
                      .message = postgres::text_of(row["message"]),
                      .pools = postgres::text_of(row["pools"]),
                      .first_died_at = postgres::text_of(row["first_died_at"]),
                      .last_died_at = postgres::text_of(row["last_died_at"]),
                      .newest = {row["newest"].as<std::int64_t>()}});
  }
  return groups;
}

std::optional<wire::DeadCommand> DeadLetterTable::find(base::CommandId queue_id) {
  const auto rows = session_.run(queries::DeadLetterById{.queue_id = queue_id.value});
  if (rows.empty()) return std::nullopt;
  const auto row = rows[0];
  wire::DeadCommand found{.letter = letter_from(row),
                          .context = postgres::text_of(row["context"]),
                          .retry = "null",
                          .max_attempts = row["max_attempts"].as<int>(),
                          .redriven_from = {row["redriven_from"].as<std::int64_t>()},
                          .worker_id = postgres::text_of(row["worker_id"]),
                          .created_at = postgres::text_of(row["created_at"])};
  if (!row["retry"].is_null()) found.retry = postgres::text_of(row["retry"]);
  return found;
}

std::vector<base::CommandId> DeadLetterTable::ids(const wire::DeadFilter& filter, int limit, DeadFor what) {
  std::vector<base::CommandId> ids;
  for (const auto& row :
       filtered<queries::DeadIds, queries::DeadIdsOfCause>(session_, filter, [&]<class Query>(auto& session) {
         return session.run(Query{.fingerprint = filter.fingerprint,
                                  .pool = filter.pool,
                                  .tool_kind = filter.tool_kind,
                                  .error_kind = filter.error_kind,
                                  .after = filter.after.value,
                                  .before = filter.before.value,
                                  .state = filter.state,
                                  .limit = limit,
                                  .only_plain = what == DeadFor::redrive,
                                  .without_closed_steps = what == DeadFor::purge});
       })) {
    ids.push_back({row[0].as<std::int64_t>()});
  }
  return ids;
}

std::int64_t DeadLetterTable::count_steps(const wire::DeadFilter& filter) {
  return filtered<queries::CountDeadSteps, queries::CountDeadStepsOfCause>(
             session_, filter,
             [&]<class Query>(auto& session) {
               return session.run(Query{.fingerprint = filter.fingerprint,
                                        .pool = filter.pool,
                                        .tool_kind = filter.tool_kind,
                                        .error_kind = filter.error_kind,
                                        .after = filter.after.value,
                                        .before = filter.before.value,
                                        .state = filter.state});
             })[0][0]
      .as<std::int64_t>();
}

std::vector<LockedDead> DeadLetterTable::lock(const std::vector<base::CommandId>& ids, bool with_context) {
  std::vector<LockedDead> locked;
  for (const auto& row :
       session_.run(queries::LockDead{.ids = postgres::id_array(ids), .with_context = with_context})) {
    locked.push_back({.queue_id = {row["queue_id"].as<std::int64_t>()},
                      .execution_id = {row["execution_id"].as<std::int64_t>()},
                      .step = postgres::text_of(row["step"]),
                      .redriven_as = {row["redriven_as"].as<std::int64_t>()},
                      .has_command = row["has_command"].as<bool>(),
                      .pool = postgres::text_of(row["pool"]),
                      .tool_kind = postgres::text_of(row["tool_kind"]),
                      .priority = row["priority"].as<int>(),
                      .context = postgres::text_of(row["context"])});
  }
  return locked;
}

void DeadLetterTable::redrive(const std::vector<NewRedriven>& commands) {
  postgres::ArrayLiteral old_ids, new_ids, delays, contexts, kinds, attempts;
  for (const auto& command : commands) {
    old_ids.add(command.old_id.value);
    new_ids.add(command.new_id.value);
    delays.add_or_null(command.delay_ms);
    contexts.add_or_null(command.context);
    kinds.add_or_null(command.tool_kind);
    attempts.add_or_null(std::int64_t{command.max_attempts.value_or(0)});
  }
  session_.run(queries::RedriveDead{.old_ids = old_ids.text(),
                                    .new_ids = new_ids.text(),
                                    .delays_ms = delays.text(),
                                    .contexts = contexts.text(),
                                    .kinds = kinds.text(),
                                    .max_attempts = attempts.text()});
}

std::int64_t DeadLetterTable::purge(const std::vector<base::CommandId>& ids) {
  return session_.run(queries::PurgeDead{.ids = postgres::id_array(ids)})[0][0].as<std::int64_t>();
}

}  // namespace noetl::store
