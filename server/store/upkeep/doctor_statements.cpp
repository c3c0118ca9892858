#include "server/store/upkeep/doctor_statements.hpp"

#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

namespace {
pqxx::result rows_of(postgres::Session& session, std::string_view statement, std::int64_t seconds) {
  if (statement == queries::DoctorServerClocks::statement)
    return session.run(queries::DoctorServerClocks{.seconds = static_cast<double>(seconds)});
  if (statement == queries::DoctorOldTransactions::statement)
    return session.run(queries::DoctorOldTransactions{.seconds = seconds});
  return session.run_named(statement);
}
}  // namespace

Findings DoctorStatements::find(const char* statement, std::optional<std::int64_t> parameter) {
  const auto rows = rows_of(session_, statement, parameter.value_or(0));
  Findings findings;
  for (const auto& row : rows) {
    findings.shown.push_back({postgres::text_of(row["id"]), postgres::text_of(row["what"])});
    findings.total = row["total"].as<std::int64_t>();
  }
  return findings;
}

PostgresState DoctorStatements::postgres() {
  const auto row = session_.run(queries::DoctorPostgres{})[0];
  return {.connections_max = row["connections_max"].as<int>(),
          .connections_used = row["connections_used"].as<int>(),
          .autovacuum = postgres::text_of(row["autovacuum"]),
          .fsync = postgres::text_of(row["fsync"]),
          .synchronous_commit = postgres::text_of(row["synchronous_commit"]),
          .track_counts = postgres::text_of(row["track_counts"]),
          .server_version = postgres::text_of(row["server_version"]),
          .database_bytes = row["database_bytes"].as<std::int64_t>(),
          .data_directory = postgres::text_of(row["data_directory"]),
          .now_us = row["now_us"].as<std::int64_t>()};
}

std::vector<PoolSlots> DoctorStatements::pools() {
  std::vector<PoolSlots> found;
  for (const auto& row : session_.run(queries::DoctorPools{})) {
    found.push_back({postgres::text_of(row["pool"]), row["slots"].is_null() ? 0 : row["slots"].as<std::int64_t>()});
  }
  return found;
}

std::vector<base::ExecutionId> DoctorStatements::executions(base::ExecutionId before, int limit) {
  std::vector<base::ExecutionId> found;
  for (const auto& row : session_.run(queries::DoctorExecutions{.before = before.value, .limit = limit}))
    found.push_back({row[0].as<std::int64_t>()});
  return found;
}

std::optional<InspectedExecution> DoctorStatements::execution(base::ExecutionId id) {
  const auto rows = session_.run(queries::DoctorExecution{.execution_id = id.value});
  if (rows.empty()) return std::nullopt;
  const auto row = rows[0];
  return InspectedExecution{.execution_id = id,
                            .catalog_id = {row["catalog_id"].as<std::int64_t>()},
                            .status = postgres::text_of(row["status"]),
                            .outstanding = row["outstanding"].as<int>(),
                            .current_step = postgres::text_of(row["current_step"]),
                            .state = postgres::text_of(row["state"]),
                            .workload = postgres::text_of(row["workload"]),
                            .result = postgres::text_of(row["result"]),
                            .error = postgres::text_of(row["error"])};
}

std::vector<InspectedEvent> DoctorStatements::changes(base::ExecutionId id, base::EventId after, int limit) {
  std::vector<InspectedEvent> found;
  for (const auto& row :
       session_.run(queries::DoctorChanges{.execution_id = id.value, .after = after.value, .limit = limit})) {
    found.push_back({.event_id = {row["event_id"].as<std::int64_t>()},
                     .event_type = postgres::text_of(row["event_type"]),
                     .step = postgres::text_of(row["step"]),
                     .node_id = postgres::text_of(row["node_id"]),
                     .payload = postgres::text_of(row["payload"]),
                     .meta = postgres::text_of(row["meta"])});
  }
  return found;
}

std::vector<InspectedNode> DoctorStatements::nodes(base::ExecutionId id) {
  std::vector<InspectedNode> found;
  for (const auto& row : session_.run(queries::DoctorNodes{.execution_id = id.value}))
    found.push_back({postgres::text_of(row[0]), row[1].as<bool>()});
  return found;
}

std::vector<InspectedItem> DoctorStatements::loop_items(base::ExecutionId id, const std::string& after_loop,
                                                        int after_index, int limit) {
  std::vector<InspectedItem> found;
  for (const auto& row : session_.run(queries::DoctorLoopItems{
           .execution_id = id.value, .after_loop = after_loop, .after_index = after_index, .limit = limit})) {
    found.push_back({.loop = postgres::text_of(row["loop"]),
                     .index = row["item_index"].as<int>(),
                     .status = postgres::text_of(row["status"]),
                     .item = postgres::text_of(row["item"]),
                     .result = postgres::text_of(row["result"])});
  }
  return found;
}

}  // namespace noetl::store
