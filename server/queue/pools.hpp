#pragma once
// Pools as people see and keep them: /api/v2/pools. A pool comes into being when somebody names it, and is shown while it has settings,
// commands or workers. Straight from the tables. Any thread.
#include <string>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::queue {

[[nodiscard]] std::vector<wire::PoolRow> list_pools(dispatch::ServerContext& context);
// One that nobody has set anything for has defaults.
[[nodiscard]] wire::PoolRow get_pool(dispatch::ServerContext& context, const std::string& name);
wire::PoolRow put_pool(dispatch::ServerContext& context, const wire::Pool& pool);

// Its settings and its consumers go. Errors: not_found; conflict, with what is in the way: workers, commands that wait or run.
[[nodiscard]] base::Result<void> delete_pool(dispatch::ServerContext& context, const std::string& name);

}  // namespace noetl::queue
