#pragma once
// Running ahead: a worker reports what it has run of an execution before that was issued (docs/internals/decisions/0028). The same decisions are made
// here, in the order in which the commands ended; what they issue is written with its end, or as running at that worker. Any thread.
#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/ahead.hpp"

namespace noetl::attempts {

[[nodiscard]] base::Result<wire::AheadAnswer> run_ahead(dispatch::ServerContext& context,
                                                        const wire::AheadRequest& request);

}  // namespace noetl::attempts
