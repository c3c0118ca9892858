#include "server/store/queue/cancel_statements.hpp"

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {
namespace {

std::optional<std::string> given(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

}  // namespace

std::vector<base::CommandId> CancelStatements::ids(const wire::CommandFilter& filter, int limit) {
  std::vector<base::CommandId> found;
  for (const auto& row : session_.run(queries::CancellableIds{.status = filter.status,
                         .pool = filter.pool,
                         .tool_kind = filter.tool_kind,
                         .after = filter.after.value,
                         .before = filter.before.value,
                         .created_after = given(filter.created_after),
                         .created_before = given(filter.created_before),
                         .limit = limit})) {
    found.push_back({row[0].as<std::int64_t>()});
  }
  return found;
}

std::vector<CancelledCommand> CancelStatements::cancel(const std::vector<base::CommandId>& ids,
                                                       const std::vector<base::EventId>& events,
                                                       const std::string& error, const std::string& payload) {
  std::vector<CancelledCommand> cancelled;
  for (const auto& row : session_.run(queries::CancelPlainCommands{.ids = postgres::id_array(ids),
                         .event_ids = postgres::id_array(events),
                         .error = error,
                         .payload = payload})) {
    cancelled.push_back({.queue_id = {row["queue_id"].as<std::int64_t>()},
                         .pool = postgres::text_of(row["pool"]),
                         .tool_kind = postgres::text_of(row["tool_kind"]),
                         .was_running = row["was_running"].as<bool>()});
  }
  return cancelled;
}

std::map<base::CommandId, UncancellableCommand> CancelStatements::explain(const std::vector<base::CommandId>& ids) {
  std::map<base::CommandId, UncancellableCommand> found;
  for (const auto& row : session_.run(queries::UncancellableCommands{.ids = postgres::id_array(ids)})) {
    found[{row["queue_id"].as<std::int64_t>()}] = {.execution_id = {row["execution_id"].as<std::int64_t>()},
                                                   .status = postgres::text_of(row["status"])};
  }
  return found;
}

}  // namespace noetl::store
