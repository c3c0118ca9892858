#include "server/store/queue/dead_letter_table.hpp"

#include "server/postgres/array_literal.hpp"
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

// A statement of dead.sql that begins with the seven parameters of a filter, and has a form for one fingerprint.
template <class... More>
pqxx::result filtered(postgres::Session& session, const std::string& name, const wire::DeadFilter& filter,
                      const More&... more) {
  const auto form = filter.fingerprint.empty() ? name : name + "_of_cause";
  return session.run(form.c_str(), filter.fingerprint, filter.pool, filter.tool_kind, filter.error_kind,
                     filter.after.value, filter.before.value, filter.state, more...);
}
}  // namespace

std::vector<wire::DeadLetter> DeadLetterTable::list(const wire::DeadFilter& filter, int limit) {
  std::vector<wire::DeadLetter> letters;
  for (const auto& row : filtered(session_, "dead_letters", filter, limit)) letters.push_back(letter_from(row));
  return letters;
}

std::vector<wire::DeadGroup> DeadLetterTable::groups(const wire::DeadFilter& filter, int limit) {
  std::vector<wire::DeadGroup> groups;
  for (const auto& row : filtered(session_, "dead_groups", filter, limit)) {
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
  const auto rows = session_.run("dead_letter_by_id", queue_id.value);
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
       filtered(session_, "dead_ids", filter, limit, what == DeadFor::redrive, what == DeadFor::purge)) {
    ids.push_back({row[0].as<std::int64_t>()});
  }
  return ids;
}

std::int64_t DeadLetterTable::count_steps(const wire::DeadFilter& filter) {
  return filtered(session_, "count_dead_steps", filter)[0][0].as<std::int64_t>();
}

std::vector<LockedDead> DeadLetterTable::lock(const std::vector<base::CommandId>& ids, bool with_context) {
  std::vector<LockedDead> locked;
  for (const auto& row : session_.run("lock_dead", postgres::id_array(ids), with_context)) {
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
  session_.run("redrive_dead", old_ids.text(), new_ids.text(), delays.text(), contexts.text(), kinds.text(),
               attempts.text());
}

std::int64_t DeadLetterTable::purge(const std::vector<base::CommandId>& ids) {
  return session_.run("purge_dead", postgres::id_array(ids))[0][0].as<std::int64_t>();
}

}  // namespace noetl::store
