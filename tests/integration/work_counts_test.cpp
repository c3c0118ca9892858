// What a server counts of the work: what it has committed itself, once.
#include <doctest/doctest.h>

#include "server/attempts/reclaim_leases.hpp"
#include "server/attempts/report_events.hpp"
#include "server/catalog/register_playbook.hpp"
#include "server/executions/cancel_execution.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/cancel_commands.hpp"
#include "server/upkeep/time_limits.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using counts::AttemptOutcome;
using support::completed;
using support::failed;
using support::TestServer;

namespace {

std::uint64_t counted_attempts(const TestServer& server, AttemptOutcome outcome, const std::string& tool = "noop",
                               const std::string& pool = "default") {
  const auto work = server.work_counts.read();
  const auto found = work.pools.find({pool, tool});
  return found == work.pools.end() ? 0 : found->second.by_outcome[static_cast<std::size_t>(outcome)];
}

std::uint64_t dead(const TestServer& server) {
  const auto work = server.work_counts.read();
  const auto found = work.pools.find({"default", "noop"});
  return found == work.pools.end() ? 0 : found->second.dead;
}

counts::PathCounts path_of(const TestServer& server, const std::string& path) {
  const auto work = server.work_counts.read();
  const auto found = work.paths.find(path);
  return found == work.paths.end() ? counts::PathCounts{} : found->second;
}

base::ExecutionId start(TestServer& server, const std::string& path = "tests/single", const std::string& key = {}) {
  wire::ExecuteRequest request;
  request.path = path;
  request.idempotency_key = key;
  return executions::start_execution(server.context, request).value().execution_id;
}

domain::ClaimedCommand claim_of(TestServer& server, base::ExecutionId id) {
  return server.claim(
      "w", {server.number("select queue_id from noetl.queue where status = 'queued' and execution_id = " + id.str())});
}
}  // namespace

TEST_CASE("a plain command that completes is an attempt, and reported twice it stays one") {
  TestServer server;
  server.add_worker("w");
  const auto command = server.claim("w", server.enqueue());

  (void)server.report(completed(command));
  (void)server.report(completed(command));

  CHECK(counted_attempts(server, AttemptOutcome::completed) == 1);
  CHECK(counted_attempts(server, AttemptOutcome::failed) == 0);
}

TEST_CASE("each failed attempt counts, and the last one is a dead letter as well") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue(2);

  (void)server.report(failed(server.claim("w", id), "exception"));
  CHECK(dead(server) == 0);
  server.run("update noetl.queue set available_at = now() where queue_id = " + id.str());
  (void)server.report(failed(server.claim("w", id), "exception"));

  CHECK(counted_attempts(server, AttemptOutcome::failed) == 2);
  CHECK(dead(server) == 1);
}

TEST_CASE("what a worker hands back is released, what a lost one held is lost") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  auto report = completed(server.claim("w", id));
  report.outcome = domain::Outcome::released;

  (void)server.report(report);
  (void)server.claim("w", id);
  (void)attempts::reclaim_leases(server.context, std::nullopt, "nobody is lost");
  CHECK(counted_attempts(server, AttemptOutcome::lost) == 0);
  server.run("update noetl.worker set status = 'lost'");
  (void)attempts::reclaim_leases(server.context, std::nullopt, "lost");

  CHECK(counted_attempts(server, AttemptOutcome::released) == 1);
  CHECK(counted_attempts(server, AttemptOutcome::lost) == 1);
  CHECK(counted_attempts(server, AttemptOutcome::failed) == 0);
}

TEST_CASE("a cancelled command counts when it ran, and not when it waited") {
  TestServer server;
  server.add_worker("w");
  const auto waiting = server.enqueue();
  const auto running = server.claim("w", server.enqueue());

  CHECK(queue::cancel_command(server.context, waiting, {}).value().is_cancelled);
  CHECK(counted_attempts(server, AttemptOutcome::cancelled) == 0);
  CHECK(queue::cancel_command(server.context, running.lease.queue_id, {}).value().is_cancelled);
  (void)server.report(completed(running));  // too late

  CHECK(counted_attempts(server, AttemptOutcome::cancelled) == 1);
  CHECK(counted_attempts(server, AttemptOutcome::completed) == 0);
}

TEST_CASE("an execution is started and completed once, whatever is sent again") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {support::single_step}).value();

  const auto id = start(server, "tests/single", "key");
  CHECK(start(server, "tests/single", "key") == id);
  const auto command = claim_of(server, id);
  (void)server.report(completed(command));
  (void)server.report(completed(command));

  const auto path = path_of(server, "tests/single");
  CHECK(path.started == 1);
  CHECK(path.completed == 1);
  CHECK(path.failed == 0);
  CHECK(counted_attempts(server, AttemptOutcome::completed) == 1);
}

TEST_CASE("an execution that fails, is cancelled or runs out of time counts as that") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {support::single_step}).value();

  (void)server.report(failed(claim_of(server, start(server)), "exception"));
  const auto cancelled = start(server);
  (void)claim_of(server, cancelled);
  wire::CancelRequest request;
  request.execution_id = cancelled;
  CHECK(executions::cancel_execution(server.context, request).value().status == "cancelled");
  CHECK(executions::cancel_execution(server.context, request).value().status == "already_completed");
  const auto late = start(server);
  server.run("update noetl.execution set deadline_at = now() where execution_id = " + late.str());
  CHECK(upkeep::fail_overdue(server.context, 10).done == 1);

  const auto path = path_of(server, "tests/single");
  CHECK(path.started == 3);
  CHECK(path.failed == 2);
  CHECK(path.cancelled == 1);
  CHECK(counted_attempts(server, AttemptOutcome::failed) == 1);
  CHECK(counted_attempts(server, AttemptOutcome::cancelled) == 1);  // of the cancelled one, whose command ran
}

TEST_CASE("a called playbook counts by its own path, and so does its caller") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {support::single_step}).value();
  (void)catalog::register_playbook(server.context, {R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: caller, path: tests/caller}
workflow:
  - step: start
    tool: {kind: playbook, path: tests/single}
)"})
      .value();

  (void)start(server, "tests/caller");
  const base::ExecutionId child{
      server.number("select execution_id from noetl.execution where parent_execution_id is not null")};
  (void)server.report(completed(claim_of(server, child)));

  CHECK(path_of(server, "tests/single").started == 1);
  CHECK(path_of(server, "tests/single").completed == 1);
  CHECK(path_of(server, "tests/caller").started == 1);
  CHECK(path_of(server, "tests/caller").completed == 1);
}
