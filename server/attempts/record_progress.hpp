#pragma once
// record_progress: what running commands say, into the history of their execution and onto the command. Fenced by epoch and
// worker; ends nothing, notifies nobody, decides nothing. In the transaction of the session. Free function; any thread.
#include <set>
#include <string>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "server/store/queue/queue_table.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::attempts {

// The commands of which something was taken; the others are not (or no longer) this worker's to speak for.
[[nodiscard]] std::set<base::CommandId> record_progress(dispatch::ServerContext& context, postgres::Session& session,
                                                        const std::vector<wire::AttemptNote>& notes,
                                                        const store::Caller& worker);

}  // namespace noetl::attempts
