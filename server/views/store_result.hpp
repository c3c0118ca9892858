#pragma once
// store_result: stores what a running command keeps apart from its result, for as long as its execution. Fenced by epoch and
// worker. Free function; any thread.
#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/stored_result.hpp"

namespace noetl::views {

// lease_lost: the worker does not run the command at that epoch. unsupported: a plain command has no execution to keep it with.
[[nodiscard]] base::Result<wire::StoreResultAnswer> store_result(dispatch::ServerContext& context,
                                                                 const wire::StoreResultRequest& request);

}  // namespace noetl::views
