#pragma once
// POST /api/v2/events: the end of attempts, fenced by epoch, free events, and what running commands say. One transaction for the
// batch: lock the executions, append events, lock the commands, engine::react, insert the next commands. Successes of plain commands
// alone, events alone and progress alone are one statement; successes that it does not take are looked at in a transaction of their own.
// Any thread.
#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::attempts {

// Each item has its own verdict; an Error only when nothing at all was done.
[[nodiscard]] base::Result<wire::ReportAnswer> report_events(dispatch::ServerContext& context,
                                                             const wire::ReportRequest& request);

}  // namespace noetl::attempts
