// Time limits, and executions that begin later, on a real Postgres.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/doctor/replay_check.hpp"
#include "server/executions/rerun_execution.hpp"
#include "server/upkeep/time_limits.hpp"
#include "server/upkeep/upkeep.hpp"
#include "server/views/read_executions.hpp"
#include "tests/integration/pause_fixture.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::child_of;
using support::completed;
using support::execute;
using support::poll;
using support::queued_of;
using support::status_of;
using support::TestServer;
using support::wait_until;

TEST_CASE("an execution whose time is over fails with kind timeout, with its commands and what it has called") {
  TestServer server;
  server.add_worker("w");
  wire::ExecuteRequest request;
  request.path = "tests/calling";
  request.timeout = 1500ms;
  const auto id = execute(server, request);
  (void)server.report(completed(server.claim("w", queued_of(server, id))));
  const auto child = child_of(server, id);
  const auto running = server.claim("w", queued_of(server, child));
  CHECK(upkeep::fail_overdue(server.context, 100).done == 0);

  server.run("update noetl.execution set deadline_at = '2026-01-02 03:04:05.5+00' where deadline_at is not null");
  CHECK(upkeep::fail_overdue(server.context, 100).done == 2);

  const auto row = views::get_execution(server.context, id).value();
  const auto error = nlohmann::json::parse(row.error);
  CHECK(row.status == "FAILED");
  CHECK(error["kind"] == "timeout");
  CHECK(error["message"] == "execution " + id.str() + " has not ended by its time limit, 2026-01-02T03:04:05.500000Z");
  CHECK(row.deadline_at.empty());
  CHECK(status_of(server, child) == "FAILED");
  CHECK(server.number("select count(*) from noetl.queue where status in ('queued', 'running')") == 0);
  CHECK(server.report(completed(running)).is_duplicate);
  postgres::ConnectionPool inspection(
      {.database_url = server.database_url, .connections_max = 2, .is_inspection = true});
  CHECK(doctor::check_replays(inspection, {}).verdict == doctor::Verdict::ok);
}

TEST_CASE("an execution that cannot be read fails with its time limit, and the others with it") {
  TestServer server;
  server.add_worker("w");
  wire::ExecuteRequest request;
  request.path = "tests/calling";
  request.timeout = 1500ms;
  const auto caller = execute(server, request);
  (void)server.report(completed(server.claim("w", queued_of(server, caller))));
  const auto child = child_of(server, caller);
  const auto stateless = execute(server, request);
  const auto good = execute(server, request);
  server.run("update noetl.execution set deadline_at = now() where execution_id <> " + caller.str());
  server.run(
      "update noetl.execution set deadline_at = now() - interval '1 minute', state = '{}' where execution_id "
      "in (" +
      child.str() + ", " + stateless.str() + ")");

  const auto outcome = upkeep::fail_overdue(server.context, 100);

  CHECK(outcome.done == 3);
  CHECK(outcome.left == 0);
  for (const auto id : {child, stateless, good}) {
    const auto row = views::get_execution(server.context, id).value();
    const auto error = nlohmann::json::parse(row.error);
    CHECK(row.status == "FAILED");
    CHECK(error["kind"] == "timeout");
    CHECK((error["message"].get<std::string>().find("cannot go on") != std::string::npos) == (id != good));
    CHECK(server.number("select count(*) from noetl.queue where status in ('queued', 'running') and execution_id = " +
                        id.str()) == 0);
    CHECK(server.number("select count(*) from noetl.event where event_type = 'playbook.failed' and execution_id = " +
                        id.str()) == 1);
  }
  CHECK(status_of(server, caller) == "FAILED");
}

TEST_CASE("upkeep looks at time limits by itself, when the first is over") {
  TestServer server;
  wire::ExecuteRequest request;
  request.path = "tests/single";
  request.timeout = 300ms;
  const auto id = execute(server, request);

  const upkeep::Upkeep upkeep(server.context,
                              {.database_url = server.database_url, .interval = 50ms, .renotify_after = 100ms});

  wait_until("it has failed", 5s, [&] { return status_of(server, id) == "FAILED"; });
}

TEST_CASE("a limit of the playbook holds unless the request says another, and a rerun has it too") {
  TestServer server;
  server.add_worker("w");
  const auto seconds_left = [&](base::ExecutionId id) {
    return server.number(
        "select round(extract(epoch from deadline_at - started_at)) from noetl.execution where execution_id "
        "= " +
        id.str());
  };
  const auto by_playbook = execute(server, "tests/limited");
  wire::ExecuteRequest request;
  request.path = "tests/limited";
  request.timeout = 60s;
  const auto by_request = execute(server, request);
  (void)server.report(completed(server.claim("w", queued_of(server, by_playbook))));
  const auto again =
      executions::rerun_execution(server.context, {.execution_id = by_playbook, .from_step = {}, .payload = "{}"})
          .value()
          .execution_id;

  CHECK(server.number("select count(*) from noetl.execution where deadline_at is not null and execution_id = " +
                      by_playbook.str()) == 0);
  CHECK(seconds_left(by_request) == 60);
  CHECK(seconds_left(again) == 7200);
}

TEST_CASE("an execution that begins later has its first commands due then, and its limit counts from then") {
  TestServer server;
  server.add_worker("w");
  wire::ExecuteRequest request;
  request.path = "tests/single";
  request.delay = 3600s;
  request.timeout = 60s;
  const auto delayed = execute(server, request);
  request.delay = 0s;
  request.timeout = 0s;
  request.start_at = "2000-01-01T00:00:00Z";
  const auto past = execute(server, request);
  request.start_at = "2200-01-01T00:00:00Z";
  const auto far = execute(server, request);

  CHECK(server.number("select round(extract(epoch from available_at - created_at)) from noetl.queue where "
                      "execution_id = " +
                      delayed.str()) == 3600);
  CHECK(server.number("select round(extract(epoch from deadline_at - started_at)) from noetl.execution where "
                      "execution_id = " +
                      delayed.str()) == 3660);
  CHECK(server.number("select count(*) from noetl.queue where date_trunc('minute', available_at) between "
                      "'2199-12-31T23:58:00Z' and '2200-01-01T00:01:00Z' and execution_id = " +
                      far.str()) == 1);
  CHECK(poll(server).commands.at(0).execution_id == past);
  CHECK(poll(server).commands.empty());
}
