#include "server/store/queue/queue_reads.hpp"

#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

namespace {
wire::CommandRow row_from(const pqxx::row& row) {
  wire::CommandRow found;
  found.queue_id = {row["queue_id"].as<std::int64_t>()};
  found.execution_id = {row["execution_id"].as<std::int64_t>()};
  found.step = postgres::text_of(row["step"]);
  found.tool_kind = postgres::text_of(row["tool_kind"]);
  found.pool = postgres::text_of(row["pool"]);
  found.status = postgres::text_of(row["status"]);
  found.worker_id = postgres::text_of(row["worker_id"]);
  found.priority = row["priority"].as<int>();
  found.attempts = row["attempts"].as<int>();
  found.max_attempts = row["max_attempts"].as<int>();
  found.epoch = row["epoch"].as<std::int32_t>();
  found.context = postgres::text_of(row["context"]);
  if (!row["result"].is_null()) found.result = postgres::text_of(row["result"]);
  if (!row["progress"].is_null()) found.progress = postgres::text_of(row["progress"]);
  if (!row["error"].is_null()) found.error = postgres::text_of(row["error"]);
  if (!row["retry"].is_null()) found.retry = postgres::text_of(row["retry"]);
  found.idempotency_key = postgres::text_of(row["idempotency_key"]);
  found.redriven_from = {row["redriven_from"].as<std::int64_t>()};
  found.created_at = postgres::text_of(row["created_at"]);
  found.available_at = postgres::text_of(row["available_at"]);
  found.claimed_at = postgres::text_of(row["claimed_at"]);
  found.finished_at = postgres::text_of(row["finished_at"]);
  return found;
}
}  // namespace

std::optional<wire::CommandRow> QueueReads::find(base::CommandId queue_id) {
  const auto rows = session_.run(queries::CommandById{.queue_id = queue_id.value});
  if (rows.empty()) return std::nullopt;
  return row_from(rows[0]);
}

std::vector<wire::CommandRow> QueueReads::list(const wire::CommandFilter& filter, int limit) {
  const auto given = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
  const auto created_after = given(filter.created_after), created_before = given(filter.created_before);
  const auto rows = [&] {
    if (!filter.idempotency_key.empty())
      return session_.run(queries::ListCommandOfKey{.status = filter.status,
                                                    .pool = filter.pool,
                                                    .tool_kind = filter.tool_kind,
                                                    .after = filter.after.value,
                                                    .before = filter.before.value,
                                                    .created_after = created_after,
                                                    .created_before = created_before,
                                                    .limit = limit,
                                                    .idempotency_key = filter.idempotency_key});
    if (filter.execution_id.is_set())
      return session_.run(queries::ListCommandsOfExecution{.status = filter.status,
                                                           .pool = filter.pool,
                                                           .tool_kind = filter.tool_kind,
                                                           .after = filter.after.value,
                                                           .before = filter.before.value,
                                                           .created_after = created_after,
                                                           .created_before = created_before,
                                                           .limit = limit,
                                                           .execution_id = filter.execution_id.value});
    return session_.run(queries::ListCommands{.status = filter.status,
                                              .pool = filter.pool,
                                              .tool_kind = filter.tool_kind,
                                              .after = filter.after.value,
                                              .before = filter.before.value,
                                              .created_after = created_after,
                                              .created_before = created_before,
                                              .limit = limit});
  }();
  std::vector<wire::CommandRow> found;
  for (const auto& row : rows) {
    auto command = row_from(row);
    if (!filter.execution_id.is_set() || command.execution_id == filter.execution_id)
      found.push_back(std::move(command));
  }
  return found;
}

std::vector<wire::QueueDepth> QueueReads::depth() {
  std::vector<wire::QueueDepth> found;
  for (const auto& row : session_.run(queries::QueueDepth{})) {
    found.push_back({.pool = postgres::text_of(row["pool"]),
                     .status = postgres::text_of(row["status"]),
                     .count = row["count"].as<std::int64_t>(),
                     .oldest_age_seconds = 0});
  }
  return found;
}

OldestWaiting QueueReads::oldest_waiting(const std::string& pool, base::CommandId from) {
  const auto row = session_.run(queries::OldestWaiting{.pool = pool, .first = from.value})[0];
  OldestWaiting oldest{.age_seconds = row["age"].as<double>(),
                       .first_fresh = {},
                       .tool_kind = postgres::text_of(row["tool_kind"]),
                       .due_at = postgres::text_of(row["due_at"]),
                       .is_postponed = row["is_postponed"].as<bool>()};
  if (!row["first_fresh"].is_null()) oldest.first_fresh = {row["first_fresh"].as<std::int64_t>()};
  return oldest;
}

}  // namespace noetl::store
