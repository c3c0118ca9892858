#include "server/store/upkeep_statements.hpp"

#include "server/store/session.hpp"

namespace noetl::store {

namespace {
std::vector<WaitingCommand> waiting_from(const pqxx::result& rows) {
  std::vector<WaitingCommand> found;
  for (const auto& row : rows) {
    found.push_back({.queue_id = {row["queue_id"].as<std::int64_t>()},
                     .execution_id = {row["execution_id"].as<std::int64_t>()},
                     .step = text_of(row["step"]),
                     .pool = text_of(row["pool"]),
                     .priority = row["priority"].as<int>(),
                     .epoch = row["epoch"].as<int>()});
  }
  return found;
}
}  // namespace

UpkeepTimes UpkeepStatements::times() {
  const auto row = session_.run("upkeep_times")[0];
  return {row["now_ms"].as<std::int64_t>(), std::chrono::milliseconds{row["next_due_ms"].as<std::int64_t>()}};
}

int UpkeepStatements::schema_version() { return session_.run("schema_version")[0][0].as<int>(); }

std::vector<std::string> UpkeepStatements::expire_workers() {
  std::vector<std::string> workers;
  for (const auto& row : session_.run("expire_workers")) workers.push_back(text_of(row[0]));
  return workers;
}

std::vector<domain::Lease> UpkeepStatements::orphaned_commands(const std::optional<std::string>& worker_id) {
  std::vector<domain::Lease> leases;
  for (const auto& row : session_.run("orphaned_commands", worker_id)) {
    leases.push_back({{row["queue_id"].as<std::int64_t>()}, row["epoch"].as<std::int32_t>()});
  }
  return leases;
}

void UpkeepStatements::forget_claims(const std::optional<std::string>& worker_id) {
  session_.run("forget_claims", worker_id);
}

std::vector<WaitingCommand> UpkeepStatements::due_commands(int limit) {
  return waiting_from(session_.run("due_commands", "-infinity", 0, limit));
}

std::vector<WaitingCommand> UpkeepStatements::unheard(base::CommandId after, base::CommandId until, int rows_max,
                                                      base::CommandId& last_seen) {
  const auto window = session_.run("end_of_window", after.value, until.value, rows_max)[0];
  last_seen = window["rows"].as<int>() < rows_max ? until : base::CommandId{window["last_id"].as<std::int64_t>()};
  if (window["rows"].as<int>() == 0) return {};
  return waiting_from(session_.run("unheard_commands", after.value, last_seen.value, rows_max));
}

void UpkeepStatements::fold_queue_changes() { session_.run("fold_queue_changes"); }

int UpkeepStatements::prune_commands(std::chrono::seconds older_than, base::CommandId after, base::CommandId until,
                                     int limit) {
  return session_.run("prune_commands", static_cast<std::int64_t>(older_than.count()), after.value, until.value,
                      limit)[0][0].as<int>();
}

}  // namespace noetl::store
