#pragma once
// Time limits of executions: upkeep fails those whose time is over, by the clock of Postgres; their commands are
// cancelled, what they have called runs out of time with them, and their callers are told. Any thread.
#include "server/decisions/duty_outcome.hpp"
#include "server/dispatch/server_context.hpp"

namespace noetl::upkeep {

// How many were failed, at most about `limit`; what they have called counts too. One whose playbook or state cannot be
// read is failed as well, without a decision.
decisions::DutyOutcome fail_overdue(dispatch::ServerContext& context, int limit);

}  // namespace noetl::upkeep
