#include "server/queue/pools.hpp"

#include "server/dispatch/pool_rules.hpp"
#include "server/notify/notifier.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/queue/pool_table.hpp"
#include "shared/domain/command.hpp"

namespace noetl::queue {

namespace {
std::string counted(std::int64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// What keeps a pool, and what to do about it.
std::string in_the_way(const std::string& pool, const store::PoolRemoval& removal) {
  std::string what, cure;
  const auto add = [&](const std::string& found, const std::string& advice) {
    what += (what.empty() ? "" : ", ") + found;
    cure += (cure.empty() ? "" : ", ") + advice;
  };
  if (removal.workers > 0) {
    add(counted(removal.workers, "worker is", "workers are") + " registered",
        "end its workers (`noetlctl worker list --pool " + pool + "`, `worker drain ID`)");
  }
  if (removal.queued > 0) {
    add(counted(removal.queued, "command waits", "commands wait"),
        "let them run, or cancel them (`noetlctl command cancel --pool " + pool + "`; steps by `execution cancel ID`)");
  }
  if (removal.running > 0) add(counted(removal.running, "command runs", "commands run"), "wait for what runs");
  return "pool '" + pool + "' is in use: " + what + ". First " + cure;
}
}  // namespace

std::vector<wire::PoolRow> list_pools(dispatch::ServerContext& context) {
  std::vector<wire::PoolRow> rows;
  context.connections.run_one([&](postgres::Session& session) { rows = store::PoolTable(session).shown(); });
  return rows;
}

wire::PoolRow get_pool(dispatch::ServerContext& context, const std::string& name) {
  wire::PoolRow row;
  context.connections.run_one([&](postgres::Session& session) { row = store::PoolTable(session).shown_one(name); });
  return row;
}

wire::PoolRow put_pool(dispatch::ServerContext& context, const wire::Pool& pool) {
  context.connections.run_one([&](postgres::Session& session) { store::PoolTable(session).put(pool); });
  context.pool_rules.forget();
  return get_pool(context, pool.pool);
}

base::Result<void> delete_pool(dispatch::ServerContext& context, const std::string& name) {
  if (name == domain::default_pool) {
    return base::failure(base::ErrorCode::conflict,
                         "pool 'default' is always there; `noetlctl pool set default --reset` takes its settings back",
                         "/pool");
  }
  store::PoolRemoval removal;
  context.connections.run_one([&](postgres::Session& session) { removal = store::PoolTable(session).remove(name); });
  if (removal.is_in_use()) return base::failure(base::ErrorCode::conflict, in_the_way(name, removal), "/pool");
  context.pool_rules.forget();
  // Whether or not there was a row: consumers may be left of a time when there was.
  context.notifier.forget_pool(name);
  if (!removal.was_known)
    return base::failure(base::ErrorCode::not_found,
                         "pool '" + name + "' has no settings, and no worker or command was ever in it", "/pool");
  return {};
}

}  // namespace noetl::queue
