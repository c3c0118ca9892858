#include "server/store/pool_table.hpp"

#include "server/store/session.hpp"

namespace noetl::store {

wire::PoolsByName PoolTable::all() {
  wire::PoolsByName pools;
  for (const auto& row : session_.run("list_pools")) {
    wire::Pool pool{.pool = text_of(row["pool"]),
                    .max_attempts = {},
                    .retry = text_of(row["retry"]),
                    .is_paused = row["is_paused"].as<bool>(),
                    .updated_at = text_of(row["updated_at"])};
    if (!row["max_attempts"].is_null()) pool.max_attempts = row["max_attempts"].as<int>();
    pools.emplace(pool.pool, std::move(pool));
  }
  return pools;
}

void PoolTable::put(const wire::Pool& pool) {
  const char* retry = pool.retry.empty() ? nullptr : pool.retry.c_str();
  session_.run("put_pool", pool.pool, pool.max_attempts, retry);
}

}  // namespace noetl::store
