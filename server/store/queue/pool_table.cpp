#include "server/store/queue/pool_table.hpp"

#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

namespace {
void read_rules(const pqxx::row& row, wire::Pool& pool) {
  pool.pool = postgres::text_of(row["pool"]);
  if (!row["max_attempts"].is_null()) pool.max_attempts = row["max_attempts"].as<int>();
  pool.retry = postgres::text_of(row["retry"]);
  pool.is_paused = row["is_paused"].as<bool>();
  pool.paused_at = postgres::text_of(row["paused_at"]);
  pool.paused_by = postgres::text_of(row["paused_by"]);
  pool.updated_at = postgres::text_of(row["updated_at"]);
}

std::vector<wire::PoolRow> rows_from(const pqxx::result& found) {
  std::vector<wire::PoolRow> pools;
  for (const auto& row : found) {
    auto& pool = pools.emplace_back();
    read_rules(row, pool);
    pool.workers = row["workers"].as<int>();
    pool.slots = row["slots"].as<std::int64_t>();
    pool.queued = row["queued"].as<std::int64_t>();
    pool.running = row["running"].as<std::int64_t>();
  }
  return pools;
}
}  // namespace

wire::PoolsByName PoolTable::all() {
  wire::PoolsByName pools;
  for (const auto& row : session_.run(queries::ListPools{})) {
    wire::Pool pool;
    read_rules(row, pool);
    pools.emplace(pool.pool, std::move(pool));
  }
  return pools;
}

std::vector<wire::PoolRow> PoolTable::shown() {
  return rows_from(session_.run(queries::PoolsShown{.pool = std::string()}));
}

wire::PoolRow PoolTable::shown_one(const std::string& pool) {
  return std::move(rows_from(session_.run(queries::PoolsShown{.pool = pool})).at(0));
}

PoolRemoval PoolTable::remove(const std::string& pool) {
  const auto row = session_.run(queries::DeletePool{.pool = pool})[0];
  return {.workers = row["workers"].as<std::int64_t>(),
          .queued = row["queued"].as<std::int64_t>(),
          .running = row["running"].as<std::int64_t>(),
          .was_known = row["was_known"].as<bool>()};
}

void PoolTable::put(const wire::Pool& pool) {
  const auto retry = pool.retry.empty() ? std::nullopt : std::optional(pool.retry);
  session_.run(queries::PutPool{.pool = pool.pool, .max_attempts = pool.max_attempts, .retry = retry});
}

}  // namespace noetl::store
