#pragma once
// What a call leaves in the audit, as its row of the endpoints table says. Any thread.
#include "server/api/calls/call.hpp"
#include "server/api/routes/endpoints.hpp"

namespace noetl::api {

// Refusals of those who may not, bounded; what was done, if the row says so. What failed otherwise changed nothing.
void audit(HandlerContext& context, const Endpoint& endpoint, const Call& call, const base::Result<Reply>& result);

}  // namespace noetl::api
