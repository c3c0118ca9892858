#pragma once
// Use case: POST /api/v2/dead/redrive. Each dead plain command gets a new one with attempts of its own; the old one stays
// dead (final is final) and its letter names the new one, so that nothing is redriven twice. Any thread.
#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/dead.hpp"

namespace noetl::dead_letters {

// Errors: invalid_input when the edited tool has no kind, or input or tool would be no object any more. What cannot be
// redriven by its id is refused one by one: not_found, conflict (was redriven or purged before), unsupported (a step:
// its execution has been told of the failure, so that it is rerun from there).
[[nodiscard]] base::Result<wire::RedriveAnswer> redrive_dead(dispatch::ServerContext& context,
                                                             const wire::RedriveRequest& request);

}  // namespace noetl::dead_letters
