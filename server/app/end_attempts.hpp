#pragma once
// The transaction behind every report, and behind the leases of lost workers: lock the executions, lock
// the commands, decide each attempt, let the engine react, write, commit, ring. Any thread.
#include <vector>

#include "server/app/parts.hpp"
#include "shared/wire/report.hpp"

namespace noetl::app {

struct EndedAttempts {
  std::vector<wire::ReportVerdict> verdicts;  // in the order of the reports
  int commands_generated = 0;
};

[[nodiscard]] EndedAttempts end_attempts(Parts& parts, const std::vector<wire::AttemptReport>& reports);

}  // namespace noetl::app
