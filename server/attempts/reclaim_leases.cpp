#include "server/attempts/reclaim_leases.hpp"

#include "server/attempts/end_attempts.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/upkeep/upkeep_statements.hpp"

namespace noetl::attempts {

namespace {
constexpr std::size_t free_batch_max = 512;

wire::AttemptReport lost(const domain::Lease& lease, const std::string& reason) {
  wire::AttemptReport report;
  report.lease = lease;
  report.outcome = domain::Outcome::failed;
  report.error = domain::ToolError{
      .kind = "worker_lost", .message = reason, .is_retryable = true, .status = {}, .retry_after = {}, .traceback = {}};
  return report;
}

// Together, and one by one when one of them cannot be ended.
void end_lost(dispatch::ServerContext& context, const std::vector<wire::AttemptReport>& reports,
              decisions::DutyOutcome& outcome) {
  decisions::DutyOutcome together;
  together.attempt("a batch", [&] { (void)end_attempts(context, reports, nullptr); });
  if (together.left == 0) {
    outcome.done += static_cast<int>(reports.size());
    return;
  }
  for (const auto& report : reports) {
    outcome.attempt("command " + report.lease.queue_id.str(), [&] {
      (void)end_attempts(context, {report}, nullptr);
      ++outcome.done;
    });
  }
}
}  // namespace

decisions::DutyOutcome reclaim_leases(dispatch::ServerContext& context, const std::optional<std::string>& worker_id,
                                      const std::string& reason) {
  decisions::DutyOutcome outcome;
  std::vector<domain::Lease> leases;
  context.connections.run_one(
      [&](postgres::Session& session) { leases = store::UpkeepStatements(session).orphaned_commands(worker_id); });
  for (std::size_t from = 0; from < leases.size(); from += free_batch_max) {
    std::vector<wire::AttemptReport> reports;
    for (std::size_t i = from; i < std::min(leases.size(), from + free_batch_max); ++i)
      reports.push_back(lost(leases[i], reason));
    end_lost(context, reports, outcome);
  }
  context.connections.run_one(
      [&](postgres::Session& session) { store::UpkeepStatements(session).forget_claims(worker_id); });
  return outcome;
}

}  // namespace noetl::attempts
