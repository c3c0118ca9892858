#pragma once
// POST /api/v2/commands/claim and /{queue_id}/claim. By ids: one UPDATE by primary keys. From a pool:
// highest priority and then oldest first, waiting up to request.wait for a first one. Claiming again what this worker holds gives
// the same lease again, so a lost reply can be asked for anew. Any thread.
#include <functional>
#include <stop_token>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/claim.hpp"

namespace noetl::queue {

// Errors: not_found when the worker is not registered (register first); the fate of single commands is
// in ClaimAnswer::refused. `stop` ends a long poll early with what is there. `is_asker_there`: of one that waits for a
// direct dispatch, whether its connection is open still; asked by other threads.
[[nodiscard]] base::Result<wire::ClaimAnswer> claim_commands(dispatch::ServerContext& context,
                                                             const wire::ClaimRequest& request, std::stop_token stop,
                                                             std::function<bool()> is_asker_there = {});

}  // namespace noetl::queue
