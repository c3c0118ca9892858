#include "server/app/free_leases.hpp"

#include "server/app/end_attempts.hpp"
#include "server/store/connection_pool.hpp"
#include "server/store/upkeep_statements.hpp"

namespace noetl::app {

int free_leases(Parts& parts, const std::optional<std::string>& worker_id, const std::string& reason) {
  constexpr std::size_t batch = 512;
  std::vector<domain::Lease> leases;
  parts.connections.run_one([&](store::Session& session) {
    leases = store::UpkeepStatements(session).orphaned_commands(worker_id);
  });
  for (std::size_t from = 0; from < leases.size(); from += batch) {
    std::vector<wire::AttemptReport> reports;
    for (std::size_t i = from; i < std::min(leases.size(), from + batch); ++i) {
      wire::AttemptReport report;
      report.lease = leases[i];
      report.outcome = domain::Outcome::failed;
      report.error = domain::ToolError{.kind = "worker_lost",
                                       .message = reason,
                                       .is_retryable = true,
                                       .status = {},
                                       .retry_after = {},
                                       .traceback = {}};
      reports.push_back(std::move(report));
    }
    (void)end_attempts(parts, reports);
  }
  parts.connections.run_one(
      [&](store::Session& session) { store::UpkeepStatements(session).forget_claims(worker_id); });
  return static_cast<int>(leases.size());
}

}  // namespace noetl::app
