#pragma once
// POST /api/v2/events: the end of attempts, fenced by epoch, and free events. One transaction for the
// batch: per execution lock the row, append events, engine::react, insert the next commands. Any thread.
#include "server/app/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/report.hpp"

namespace noetl::app {

// Each item has its own verdict; an Error only when nothing at all was done.
[[nodiscard]] base::Result<wire::ReportAnswer> report_events(ServerContext& context,
                                                             const wire::ReportRequest& request);

}  // namespace noetl::app
