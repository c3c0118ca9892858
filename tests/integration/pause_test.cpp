// Pauses and time limits on a real Postgres.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/app/cancel_execution.hpp"
#include "server/app/claim_commands.hpp"
#include "server/app/free_leases.hpp"
#include "server/app/keep_workers.hpp"
#include "server/app/pause.hpp"
#include "server/app/read_executions.hpp"
#include "server/app/register_playbook.hpp"
#include "server/app/rerun_execution.hpp"
#include "server/app/start_execution.hpp"
#include "server/app/time_limits.hpp"
#include "server/doctor/replay_check.hpp"
#include "server/store/execution_table.hpp"
#include "server/store/pause_statements.hpp"
#include "server/upkeep/upkeep.hpp"
#include "tests/integration/server_parts.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::completed;
using support::ServerParts;
using support::wait_until;

namespace {
constexpr const char* calling = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: calling, path: tests/calling}
workflow:
  - step: start
    tool: {kind: noop}
    next: [{step: nested}]
  - step: nested
    tool: {kind: playbook, path: tests/single}
    next: [{step: end}]
  - step: end
    tool: {kind: noop}
)";

constexpr const char* single = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: single, path: tests/single}
workflow:
  - step: start
    tool: {kind: noop}
)";

constexpr const char* limited = R"(
apiVersion: noetl.io/v10
kind: Playbook
metadata: {name: limited, path: tests/limited}
executor: {spec: {timeout: 2h}}
workflow:
  - step: start
    tool: {kind: noop}
)";

base::ExecutionId execute(ServerParts& server, wire::ExecuteRequest request) {
  (void)app::register_playbook(server.parts, {single}).value();
  (void)app::register_playbook(server.parts, {calling}).value();
  (void)app::register_playbook(server.parts, {limited}).value();
  return app::start_execution(server.parts, request).value().execution_id;
}

base::ExecutionId execute(ServerParts& server, const std::string& path) {
  wire::ExecuteRequest request;
  request.path = path;
  return execute(server, request);
}

base::CommandId queued_of(ServerParts& server, base::ExecutionId id) {
  return {server.number("select queue_id from noetl.queue where status = 'queued' and execution_id = " +
                        id.str())};
}

base::ExecutionId child_of(ServerParts& server, base::ExecutionId id) {
  return {server.number("select execution_id from noetl.execution where parent_execution_id = " + id.str())};
}

wire::ClaimAnswer claim_ids(ServerParts& server, std::vector<base::CommandId> ids) {
  wire::ClaimRequest request;
  request.worker_id = "w";
  request.queue_ids = std::move(ids);
  return app::claim_commands(server.parts, request, {}).value();
}

wire::ClaimAnswer poll(ServerParts& server) {
  wire::ClaimRequest request;
  request.worker_id = "w";
  request.pool = "default";
  request.slots = 10;
  return app::claim_commands(server.parts, request, {}).value();
}

bool was_rung_again(ServerParts& server, base::CommandId id) {
  const auto rings = server.notifier.rings();
  return std::any_of(rings.begin(), rings.end(),
                     [&](const auto& ring) { return ring.queue_id == id && ring.round > 0; });
}

std::string status_of(ServerParts& server, base::ExecutionId id) {
  return app::get_execution(server.parts, id).value().status;
}
}  // namespace

TEST_CASE(
    "from a paused pool nothing is claimed, by id or by poll, and its workers are told; resumed, everything "
    "is") {
  ServerParts server;
  server.add_worker("w");
  const auto first = server.enqueue();
  const auto paused = app::pause_pool(server.parts, "default", true);
  const auto second = server.enqueue();

  const auto by_id = claim_ids(server, {first, second});
  const auto by_poll = poll(server);
  wire::Heartbeat heartbeat;
  heartbeat.worker_id = "w";
  const bool told = app::renew_leases(server.parts, heartbeat).value().is_paused;
  (void)app::pause_pool(server.parts, "default", false);

  CHECK(paused.is_paused);
  CHECK(by_id.commands.empty());
  REQUIRE(by_id.refused.size() == 2);
  CHECK(by_id.refused[0].message.find("pool 'default' is resumed") != std::string::npos);
  CHECK(by_id.refused[0].retry_after > 0ms);
  CHECK(by_poll.commands.empty());
  CHECK(told);
  CHECK_FALSE(app::renew_leases(server.parts, heartbeat).value().is_paused);
  CHECK(poll(server).commands.size() == 2);
}

TEST_CASE("an old command of a pool that was paused for long is still found by a poll") {
  ServerParts server;
  server.add_worker("w");
  const auto id = server.enqueue();
  const auto hour = std::to_string(base::IdGenerator::first_id_at(base::IdGenerator::epoch_ms + 3'600'000));
  server.run("update noetl.queue set queue_id = queue_id - " + hour + " where queue_id = " + id.str());
  (void)app::pause_pool(server.parts, "default", true);
  for (int i = 0; i < 3; ++i) CHECK(poll(server).commands.empty());

  (void)app::pause_pool(server.parts, "default", false);

  CHECK(poll(server).commands.size() == 1);
}

TEST_CASE("upkeep does not ring a paused pool") {
  ServerParts server;
  const auto id = server.enqueue();
  server.run("update noetl.queue set available_at = now()");
  const auto other = server.enqueue();
  server.run(
      "insert into noetl.pool (pool, is_paused) values ('default', true); update noetl.queue set pool = "
      "'other', available_at = now() where queue_id = " +
      other.str());

  const upkeep::Upkeep upkeep(server.parts,
                              {.database_url = server.database_url, .interval = 50ms, .ring_after = 100ms});

  wait_until("the other pool is rung", 5s, [&] { return was_rung_again(server, other); });
  CHECK_FALSE(was_rung_again(server, id));
}

TEST_CASE("of a paused execution what runs ends, and nothing else is claimed before it is resumed") {
  ServerParts server;
  server.add_worker("w");
  const auto id = execute(server, "tests/calling");
  const auto running = server.claim("w", queued_of(server, id));

  const auto paused = app::pause_execution(server.parts, {.execution_id = id}).value();
  const auto rung_before = server.notifier.rings().size();
  (void)server.report(completed(running));
  const auto child = child_of(server, id);
  const auto refused = claim_ids(server, {queued_of(server, child)});
  const auto polled = poll(server);
  const bool is_shown = app::get_execution(server.parts, id).value().is_paused;
  const auto rung_after = server.notifier.rings().size();
  const auto resumed = app::pause_execution(server.parts, {.execution_id = id, .is_paused = false}).value();

  CHECK(paused == std::vector{id});
  CHECK(refused.commands.empty());
  CHECK(refused.refused.at(0).retry_after == 0ms);
  CHECK(polled.commands.empty());
  CHECK(is_shown);
  CHECK(rung_after == rung_before);
  CHECK(resumed.size() == 2);
  CHECK(was_rung_again(server, queued_of(server, child)));
  for (int i = 0; i < 2; ++i) {
    for (const auto& command : poll(server).commands) (void)server.report(completed(command));
  }
  CHECK(status_of(server, id) == "COMPLETED");
}

TEST_CASE("a pause reaches what was called, and waiting commands of every kind; again it changes nothing") {
  ServerParts server;
  server.add_worker("w");
  const auto id = execute(server, "tests/calling");
  (void)server.report(completed(server.claim("w", queued_of(server, id))));
  const auto child = child_of(server, id);

  const auto first = app::pause_execution(server.parts, {.execution_id = id}).value();
  const auto again = app::pause_execution(server.parts, {.execution_id = id}).value();

  CHECK(first == std::vector{id, child});
  CHECK(again.empty());
  CHECK(poll(server).commands.empty());
  CHECK(app::get_execution(server.parts, child).value().is_paused);
}

TEST_CASE("a command of a paused execution whose worker is lost waits for the resume") {
  ServerParts server;
  server.add_worker("w");
  const auto id = execute(server, "tests/single");
  (void)server.claim("w", queued_of(server, id));
  (void)app::pause_execution(server.parts, {.execution_id = id});

  CHECK(app::free_leases(server.parts, "w", "a test").done == 1);

  CHECK(server.number("select count(*) from noetl.queue where status = 'queued' and available_at > now() + "
                      "interval '100 years'") == 1);
  CHECK(poll(server).commands.empty());
  (void)app::pause_execution(server.parts, {.execution_id = id, .is_paused = false});
  CHECK(poll(server).commands.size() == 1);
}

TEST_CASE("what a heartbeat frees while its execution is being resumed or paused waits for the next one") {
  ServerParts server;
  server.add_worker("w");
  const auto id = execute(server, "tests/single");
  const auto command = queued_of(server, id);
  (void)server.claim("w", command);
  const auto plain = server.enqueue();
  (void)server.claim("w", plain);
  // The worker was never given either: its next heartbeat hands both back.
  const auto age = [&] {
    server.run("update noetl.claim set claimed_at = now() - interval '7 seconds'");
    server.run("update noetl.queue set claimed_at = now() - interval '7 seconds' where status = 'running'");
  };
  wire::Heartbeat heartbeat;
  heartbeat.worker_id = "w";
  for (const bool is_paused : {true, false}) {
    server.connections.transact([&](store::Session& session) {
      (void)store::ExecutionTable(session).lock({id});
      (void)store::PauseStatements(session).pause_executions(id, is_paused, true);
      age();
      (void)app::renew_leases(server.parts, heartbeat);  // on another connection
    });
    CHECK(server.status_of(command) == "running");
    CHECK(server.status_of(plain) == "queued");
  }

  age();
  (void)app::renew_leases(server.parts, heartbeat);

  CHECK(server.status_of(command) == "queued");
  CHECK(poll(server).commands.size() == 2);
}

TEST_CASE("resuming again takes back what was put off by mistake, of all that it has called") {
  ServerParts server;
  server.add_worker("w");
  const auto id = execute(server, "tests/calling");
  (void)server.report(completed(server.claim("w", queued_of(server, id))));
  const auto stray = queued_of(server, child_of(server, id));
  server.run("update noetl.queue set available_at = now() + noetl.pause_shift() where status = 'queued'");
  CHECK(poll(server).commands.empty());

  const auto changed = app::pause_execution(server.parts, {.execution_id = id, .is_paused = false}).value();

  CHECK(changed.empty());
  CHECK(was_rung_again(server, stray));
  CHECK(poll(server).commands.size() == 1);
}

TEST_CASE("upkeep takes back what is put off though its execution is not paused, and nothing else") {
  ServerParts server;
  server.add_worker("w");
  const auto id = execute(server, "tests/single");
  const auto paused = execute(server, "tests/single");
  (void)app::pause_execution(server.parts, {.execution_id = paused});
  const auto stray = queued_of(server, id);
  server.run("update noetl.queue set available_at = now() + noetl.pause_shift() where queue_id = " +
             stray.str());

  const upkeep::Upkeep upkeep(server.parts,
                              {.database_url = server.database_url, .interval = 50ms, .ring_after = 100ms});

  wait_until("it is rung", 5s, [&] { return was_rung_again(server, stray); });
  CHECK(server.number("select count(*) from noetl.queue where available_at > now()") == 1);
  CHECK(poll(server).commands.at(0).execution_id == id);
}

TEST_CASE(
    "a paused execution can be cancelled; an ended one cannot be paused, and no one can be that is not "
    "there") {
  ServerParts server;
  const auto id = execute(server, "tests/single");
  (void)app::pause_execution(server.parts, {.execution_id = id});

  CHECK(app::cancel_execution(server.parts, {id, "enough", true}).value().status == "cancelled");

  CHECK_FALSE(app::get_execution(server.parts, id).value().is_paused);
  CHECK(app::pause_execution(server.parts, {.execution_id = id}).error().code ==
        base::ErrorCode::already_terminal);
  CHECK(app::pause_execution(server.parts, {.execution_id = {42}}).error().code ==
        base::ErrorCode::not_found);
}

TEST_CASE(
    "an execution whose time is over fails with kind timeout, with its commands and what it has called") {
  ServerParts server;
  server.add_worker("w");
  wire::ExecuteRequest request;
  request.path = "tests/calling";
  request.timeout = 1500ms;
  const auto id = execute(server, request);
  (void)server.report(completed(server.claim("w", queued_of(server, id))));
  const auto child = child_of(server, id);
  const auto running = server.claim("w", queued_of(server, child));
  CHECK(app::fail_overdue(server.parts, 100).done == 0);

  server.run(
      "update noetl.execution set deadline_at = '2026-01-02 03:04:05.5+00' where deadline_at is not null");
  CHECK(app::fail_overdue(server.parts, 100).done == 2);

  const auto row = app::get_execution(server.parts, id).value();
  const auto error = nlohmann::json::parse(row.error);
  CHECK(row.status == "FAILED");
  CHECK(error["kind"] == "timeout");
  CHECK(error["message"] ==
        "execution " + id.str() + " has not ended by its time limit, 2026-01-02T03:04:05.500000Z");
  CHECK(row.deadline_at.empty());
  CHECK(status_of(server, child) == "FAILED");
  CHECK(server.number("select count(*) from noetl.queue where status in ('queued', 'running')") == 0);
  CHECK(server.report(completed(running)).is_duplicate);
  store::ConnectionPool inspection(
      {.database_url = server.database_url, .connections_max = 2, .is_inspection = true});
  CHECK(doctor::check_replays(inspection, {}).verdict == doctor::Verdict::ok);
}

TEST_CASE("an execution that cannot be read fails with its time limit, and the others with it") {
  ServerParts server;
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

  const auto outcome = app::fail_overdue(server.parts, 100);

  CHECK(outcome.done == 3);
  CHECK(outcome.left == 0);
  for (const auto id : {child, stateless, good}) {
    const auto row = app::get_execution(server.parts, id).value();
    const auto error = nlohmann::json::parse(row.error);
    CHECK(row.status == "FAILED");
    CHECK(error["kind"] == "timeout");
    CHECK((error["message"].get<std::string>().find("cannot go on") != std::string::npos) == (id != good));
    CHECK(server.number(
              "select count(*) from noetl.queue where status in ('queued', 'running') and execution_id = " +
              id.str()) == 0);
    CHECK(server.number(
              "select count(*) from noetl.event where event_type = 'playbook.failed' and execution_id = " +
              id.str()) == 1);
  }
  CHECK(status_of(server, caller) == "FAILED");
}

TEST_CASE("upkeep looks at time limits by itself, when the first is over") {
  ServerParts server;
  wire::ExecuteRequest request;
  request.path = "tests/single";
  request.timeout = 300ms;
  const auto id = execute(server, request);

  const upkeep::Upkeep upkeep(server.parts,
                              {.database_url = server.database_url, .interval = 50ms, .ring_after = 100ms});

  wait_until("it has failed", 5s, [&] { return status_of(server, id) == "FAILED"; });
}

TEST_CASE("a limit of the playbook holds unless the request says another, and a rerun has it too") {
  ServerParts server;
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
      app::rerun_execution(server.parts, {.execution_id = by_playbook, .from_step = {}, .payload = "{}"})
          .value()
          .execution_id;

  CHECK(
      server.number("select count(*) from noetl.execution where deadline_at is not null and execution_id = " +
                    by_playbook.str()) == 0);
  CHECK(seconds_left(by_request) == 60);
  CHECK(seconds_left(again) == 7200);
}

TEST_CASE("an execution that begins later has its first commands due then, and its limit counts from then") {
  ServerParts server;
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
