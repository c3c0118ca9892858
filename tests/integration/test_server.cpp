#include "tests/integration/test_server.hpp"

#include <stdexcept>

#include "server/attempts/report_events.hpp"
#include "server/migrations/migrations.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/worker_registry.hpp"
#include "shared/domain/error_kinds.hpp"

namespace noetl::support {

namespace {
std::string migrated_database() {
  auto url = shared_postgres().create_database();
  if (const auto done = migrations::migrate_up(url); !done) throw std::runtime_error(done.error().message);
  return url;
}
}  // namespace

TestServer::TestServer()
    : database_url(migrated_database()),
      connections({.database_url = database_url, .connections_max = 8}),
      context{.connections = connections,
              .notifier = notifier,
              .ids = ids,
              .playbooks = playbooks,
              .long_polls = long_polls,
              .dispatcher = dispatcher,
              .pool_rules = pool_rules,
              .work_counts = work_counts,
              .due_times = due_times,
              .settings = {}} {}

void TestServer::add_worker(const std::string& worker_id, const std::string& pool) {
  wire::WorkerRegistration registration;
  registration.pool = pool;
  registration.worker_id = worker_id;
  registration.hostname = "test";
  registration.slots = 4;
  if (!queue::register_worker(context, registration)) throw std::runtime_error("worker was not registered");
}

base::CommandId TestServer::enqueue(int max_attempts, const std::string& idempotency_key) {
  wire::NewCommand command;
  command.tool_kind = "noop";
  command.tool = R"({"kind":"noop"})";
  command.max_attempts = max_attempts;
  command.idempotency_key = idempotency_key;
  const auto made = queue::enqueue_commands(context, {command});
  if (!made) throw std::runtime_error(made.error().message);
  return made->front().queue_id;
}

wire::ClaimAnswer TestServer::claim_ids(const std::string& worker_id, std::vector<base::CommandId> queue_ids) {
  wire::ClaimRequest request;
  request.worker_id = worker_id;
  request.queue_ids = std::move(queue_ids);
  auto answer = queue::claim_commands(context, request, {});
  if (!answer) throw std::runtime_error(answer.error().message);
  return std::move(*answer);
}

domain::ClaimedCommand TestServer::claim(const std::string& worker_id, base::CommandId queue_id) {
  const auto answer = claim_ids(worker_id, {queue_id});
  if (answer.commands.empty()) throw std::runtime_error("refused: " + answer.refused.at(0).message);
  return answer.commands.front();
}

wire::ReportVerdict TestServer::report(const wire::AttemptReport& attempt, const std::string& worker_id) {
  wire::ReportRequest request;
  request.worker_id = worker_id;
  request.attempts = {attempt};
  auto answer = attempts::report_events(context, request);
  if (!answer) throw std::runtime_error(answer.error().message);
  return answer->verdicts.at(0);
}

std::string TestServer::status_of(base::CommandId queue_id) {
  return sql(database_url, "select status from noetl.queue where queue_id = " + queue_id.str()).at(0).at(0);
}

wire::AttemptReport completed(const domain::ClaimedCommand& command, std::string result) {
  wire::AttemptReport report;
  report.lease = command.lease;
  report.execution_id = command.execution_id;
  report.result = std::move(result);
  return report;
}

wire::AttemptReport failed(const domain::ClaimedCommand& command, const std::string& kind) {
  wire::AttemptReport report;
  report.lease = command.lease;
  report.execution_id = command.execution_id;
  report.outcome = domain::Outcome::failed;
  report.error = domain::ToolError{.kind = kind,
                                   .message = "it failed",
                                   .is_retryable = domain::is_retryable_by_default(kind),
                                   .status = {},
                                   .retry_after = {},
                                   .traceback = {}};
  return report;
}

}  // namespace noetl::support
