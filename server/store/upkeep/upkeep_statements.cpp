#include "server/store/upkeep/upkeep_statements.hpp"

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"
#include "server/store/upkeep/id_window.hpp"

namespace noetl::store {

namespace {
// By position: this runs for thousands of rows.
WaitingCommand waiting_from(const pqxx::row& row) {
  return {.queue_id = {row[0].as<std::int64_t>()},
          .execution_id = {row[1].as<std::int64_t>()},
          .step = postgres::text_of(row[2]),
          .pool = postgres::text_of(row[3]),
          .priority = row[4].as<int>(),
          .epoch = row[5].as<int>(),
          .available_at = {}};
}
}  // namespace

UpkeepLook UpkeepStatements::look() {
  const auto row = session_.run(queries::UpkeepLook{})[0];
  return {.now_ms = row["now_ms"].as<std::int64_t>(),
          .next_due = std::chrono::milliseconds{row["next_due_ms"].as<std::int64_t>()},
          .next_lease_end = std::chrono::milliseconds{row["next_lease_end_ms"].as<std::int64_t>()},
          .next_deadline = std::chrono::milliseconds{row["next_deadline_ms"].as<std::int64_t>()},
          .has_overdue = row["has_overdue"].as<bool>(),
          .has_due = row["has_due"].as<bool>(),
          .has_lost_worker = row["has_lost_worker"].as<bool>(),
          .has_orphan = row["has_orphan"].as<bool>(),
          .has_change = row["has_change"].as<bool>(),
          .has_waiting = row["has_waiting"].as<bool>(),
          .has_running = row["has_running"].as<bool>(),
          .has_unreported = row["has_unreported"].as<bool>()};
}

int UpkeepStatements::schema_version() { return session_.run(queries::SchemaVersion{})[0][0].as<int>(); }

std::vector<std::string> UpkeepStatements::expire_workers() {
  std::vector<std::string> workers;
  for (const auto& row : session_.run(queries::ExpireWorkers{})) workers.push_back(postgres::text_of(row[0]));
  return workers;
}

std::vector<domain::Lease> UpkeepStatements::orphaned_commands(const std::optional<std::string>& worker_id) {
  std::vector<domain::Lease> leases;
  for (const auto& row : session_.run(queries::OrphanedCommands{.worker_id = worker_id})) {
    leases.push_back({{row["queue_id"].as<std::int64_t>()}, row["epoch"].as<std::int32_t>()});
  }
  return leases;
}

void UpkeepStatements::forget_claims(const std::optional<std::string>& worker_id) {
  session_.run(queries::ForgetClaims{.worker_id = worker_id});
}

std::vector<WaitingCommand> UpkeepStatements::due_commands(const DueCursors& from, int limit) {
  postgres::ArrayLiteral pools, times, ids;
  for (const auto& [pool, cursor] : from) {
    pools.add(pool);
    times.add(cursor.available_at);
    ids.add(cursor.queue_id.value);
  }
  std::vector<WaitingCommand> found;
  for (const auto& row : session_.run(
           queries::DueCommands{.pools = pools.text(), .times = times.text(), .ids = ids.text(), .limit = limit})) {
    found.push_back(waiting_from(row));
    found.back().available_at = postgres::text_of(row[6]);
  }
  return found;
}

std::vector<SoonDue> UpkeepStatements::due_soon(std::chrono::milliseconds horizon, int limit) {
  std::vector<SoonDue> found;
  for (const auto& row : session_.run(queries::DueSoon{.horizon_ms = horizon.count(), .limit = limit}))
    found.push_back({waiting_from(row), std::chrono::milliseconds{row[6].as<std::int64_t>()}});
  return found;
}

std::set<std::string> UpkeepStatements::pools_with_workers() {
  std::set<std::string> pools;
  for (const auto& row : session_.run(queries::PoolsWithWorkers{})) pools.insert(postgres::text_of(row[0]));
  return pools;
}

std::vector<WaitingCommand> UpkeepStatements::due_by_priority(int limit) {
  std::vector<WaitingCommand> found;
  for (const auto& row : session_.run(queries::DueByPriority{.limit = limit})) {
    found.push_back(waiting_from(row));
    found.back().is_new = row[7].as<bool>();
  }
  return found;
}

std::vector<WaitingCommand> UpkeepStatements::unclaimed(base::CommandId after, base::CommandId until, int rows_max,
                                                        int waiting_max, base::CommandId& last_seen) {
  std::vector<WaitingCommand> found;
  const IdWindow window{.after = after.value, .until = until.value, .rows_max = rows_max};
  for (const auto& row : session_.run(queries::UnclaimedCommands{
           .after = window.after, .until = window.until, .rows_max = window.rows_max, .waiting_max = waiting_max})) {
    if (row["is_end"].as<bool>()) {
      last_seen = {reached(row["queue_id"].as<std::int64_t>(), row["epoch"].as<int>(), window)};
    } else {
      found.push_back(waiting_from(row));
      found.back().is_postponed = row["is_postponed"].as<bool>();
    }
  }
  return found;
}

void UpkeepStatements::fold_queue_changes() { session_.run(queries::FoldQueueChanges{}); }

}  // namespace noetl::store
