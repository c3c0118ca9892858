#include "server/dispatch/pool_rules.hpp"

#include "server/postgres/connection_pool.hpp"
#include "server/store/queue/pool_table.hpp"

namespace noetl::dispatch {

namespace {
wire::PoolsByName read(postgres::ConnectionPool& connections) {
  wire::PoolsByName pools;
  connections.run_one([&](postgres::Session& session) { pools = store::PoolTable(session).all(); });
  return pools;
}
}  // namespace

PoolRules::Snapshot PoolRules::get() {
  const auto now = std::chrono::steady_clock::now();
  // Whoever finds it old reads it anew; the others go on with what is there, so that one statement is enough.
  const auto [fresh, is_mine] = kept_.with([&](Kept& kept) -> std::pair<Snapshot, bool> {
    if (kept.pools && now - kept.read_at < age_max) return {kept.pools, false};
    kept.read_at = now;
    return {kept.pools, true};
  });
  if (!is_mine) return fresh;
  try {
    const auto pools = std::make_shared<const wire::PoolsByName>(read(connections_));
    kept_.with([&](Kept& kept) { kept.pools = pools; });
    return pools;
  } catch (...) {
    kept_.with([](Kept& kept) { kept.read_at = {}; });
    throw;
  }
}

void PoolRules::forget() {
  kept_.with([](Kept& kept) { kept = {}; });
}

}  // namespace noetl::dispatch
