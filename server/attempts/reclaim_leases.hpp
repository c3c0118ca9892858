#pragma once
// Frees what workers that are gone still held: their commands wait again, or end dead when their
// attempts are exhausted. Any thread; called by upkeep, registration and deregistration.
#include <optional>
#include <string>

#include "server/decisions/duty_outcome.hpp"
#include "server/dispatch/server_context.hpp"

namespace noetl::attempts {

// Of one worker, or (nothing) of every worker that is lost, stopped or unknown. Those are left whose execution cannot be
// read: nothing could be decided about them.
decisions::DutyOutcome reclaim_leases(dispatch::ServerContext& context, const std::optional<std::string>& worker_id,
                                      const std::string& reason);

}  // namespace noetl::attempts
