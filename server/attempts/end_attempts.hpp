#pragma once
// The transaction behind every report, and behind the leases of lost workers: lock the executions, lock
// the commands, decide each attempt, let the engine react, write, commit, notify. Any thread.
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "server/store/queue/queue_table.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::attempts {

struct EndedAttempts {
  std::vector<wire::ReportVerdict> verdicts;  // in the order of the reports
  int commands_generated = 0;
};

// `worker`: who reports; null: the server itself, for workers that are gone.
[[nodiscard]] EndedAttempts end_attempts(dispatch::ServerContext& context,
                                         const std::vector<wire::AttemptReport>& reports, const store::Caller* worker);

}  // namespace noetl::attempts
