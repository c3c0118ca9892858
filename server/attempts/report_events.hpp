#pragma once
// POST /api/v2/events: the end of attempts, fenced by epoch, and free events. One transaction for the
// batch: per execution lock the row, append events, engine::react, insert the next commands. Any thread.
#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::attempts {

// Each item has its own verdict; an Error only when nothing at all was done.
[[nodiscard]] base::Result<wire::ReportAnswer> report_events(dispatch::ServerContext& context,
                                                             const wire::ReportRequest& request);

}  // namespace noetl::attempts
