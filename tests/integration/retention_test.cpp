// Retention on a real Postgres: what has ended leaves by its outcome, executions as a whole, and nothing that runs.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/cancel_execution.hpp"
#include "server/executions/rerun_execution.hpp"
#include "server/executions/start_execution.hpp"
#include "server/store/upkeep/retention_statements.hpp"
#include "server/upkeep/upkeep.hpp"
#include "server/views/read_executions.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::TestServer;
using support::wait_until;

namespace {
constexpr const char* looping = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: looping, path: tests/looping}
workflow:
  - step: start
    tool: {kind: noop}
    next: [{step: each}]
  - step: each
    loop: {in: [1, 2, 3], iterator: item, mode: parallel}
    tool: {kind: noop}
    next: [{step: end}]
  - step: end
    tool: {kind: noop}
)";

upkeep::UpkeepSettings keeping(const TestServer& server, store::RetentionPolicy retention) {
  return {.database_url = server.database_url, .interval = 50ms, .renotify_after = 10s, .retention = retention};
}

base::ExecutionId execute(TestServer& server) {
  wire::ExecuteRequest request;
  request.path = "tests/looping";
  return executions::start_execution(server.context, request).value().execution_id;
}

// Runs whatever waits of it; `large`: each result is one that the state does not hold.
void run_to_the_end(TestServer& server, base::ExecutionId id, bool is_large) {
  const auto result = nlohmann::json{{"text", std::string(is_large ? 20'000 : 2, 'x')}}.dump();
  const std::string waiting =
      "select min(queue_id) from noetl.queue where status = 'queued' and execution_id = " + id.str();
  const std::string count = "select count(*) from noetl.queue where status = 'queued' and execution_id = " + id.str();
  while (server.number(count) > 0) {
    (void)server.report(support::completed(server.claim("w", {server.number(waiting)}), result));
  }
  REQUIRE(views::get_execution(server.context, id).value().status == "COMPLETED");
}

std::int64_t rows_of(TestServer& server, base::ExecutionId id) {
  std::int64_t rows = 0;
  for (const char* table : {"execution", "queue", "event", "loop_item", "result", "variable", "keychain"}) {
    rows += server.number(std::string("select count(*) from noetl.") + table + " where execution_id = " + id.str());
  }
  return rows;
}

struct Retained : TestServer {
  Retained() {
    add_worker("w");
    run("update noetl.worker set lease_until = now() + interval '1 hour'");
    (void)catalog::register_playbook(context, {looping}).value();
  }
};
}  // namespace

TEST_CASE("plain commands leave by their outcome, with their events, and dead ones with their letters") {
  Retained server;
  const auto done = server.enqueue();
  const auto dead = server.enqueue(1);
  const auto waiting = server.enqueue();
  (void)server.report(support::completed(server.claim("w", done)));
  (void)server.report(support::failed(server.claim("w", dead), "broken"));
  {
    const upkeep::Upkeep upkeep(server.context,
                                keeping(server, {.completed = 0s, .failed = {}, .cancelled = 0s, .dead = {}}));
    wait_until("the completed one and its event are gone", 5s, [&] {
      return server.number("select count(*) from noetl.queue") == 2 &&
             server.number("select count(*) from noetl.event") == 1;
    });
    CHECK(server.status_of(dead) == "dead");
    CHECK(upkeep.retention_counts().commands == 1);
  }
  CHECK(server.number("select count(*) from noetl.dead_letter") == 1);

  const upkeep::Upkeep upkeep(server.context,
                              keeping(server, {.completed = {}, .failed = {}, .cancelled = {}, .dead = 0s}));

  wait_until("the dead one has left with letter and event", 5s, [&] {
    return server.number("select count(*) from noetl.queue") == 1 &&
           server.number("select count(*) from noetl.event") == 0;
  });
  CHECK(server.number("select count(*) from noetl.dead_letter") == 0);
  CHECK(server.status_of(waiting) == "queued");
}

TEST_CASE("an execution leaves with all that is its own, and one that runs is not touched") {
  Retained server;
  const auto ended = execute(server);
  const auto running = execute(server);
  run_to_the_end(server, ended, true);
  server.run("insert into noetl.variable (execution_id, name, var_type) values (" + ended.str() + ", 'v', 'computed')");
  server.run(
      "insert into noetl.keychain (catalog_id, name, execution_id, kind, key_id, sealed) select catalog_id, "
      "'k', " +
      ended.str() + ", 'secret', 'x', '\\x00' from noetl.catalog limit 1");
  REQUIRE(server.number("select count(*) from noetl.result") > 0);
  REQUIRE(server.number("select count(*) from noetl.loop_item") == 3);
  const auto rows_before = rows_of(server, running);

  const upkeep::Upkeep upkeep(server.context,
                              keeping(server, {.completed = 0s, .failed = 0s, .cancelled = 0s, .dead = 0s}));

  wait_until("it has left", 5s, [&] { return rows_of(server, ended) == 0; });
  CHECK(rows_of(server, running) == rows_before);
  CHECK(upkeep.retention_counts().executions == 1);
  CHECK(server.number("select coalesce(sum(count), 0) from (select count, status from noetl.queue_depth union "
                      "all select change, status from noetl.queue_change) as c where status = 'done'") == 0);
}

TEST_CASE("after others have left, an execution that ran meanwhile goes on to its end") {
  Retained server;
  const auto ended = execute(server);
  const auto running = execute(server);
  run_to_the_end(server, ended, false);
  {
    const upkeep::Upkeep upkeep(server.context,
                                keeping(server, {.completed = 0s, .failed = {}, .cancelled = {}, .dead = {}}));
    wait_until("the other has left", 5s, [&] { return rows_of(server, ended) == 0; });
  }

  run_to_the_end(server, running, true);

  CHECK(server.number("select count(*) from noetl.loop_item where status = 'completed'") == 3);
}

TEST_CASE("each outcome has its own time; without one it stays for ever") {
  Retained server;
  const auto completed = execute(server);
  const auto cancelled = execute(server);
  run_to_the_end(server, completed, false);
  wire::CancelRequest cancel;
  cancel.execution_id = cancelled;
  (void)executions::cancel_execution(server.context, cancel).value();

  const upkeep::Upkeep upkeep(server.context,
                              keeping(server, {.completed = {}, .failed = 0s, .cancelled = 0s, .dead = 0s}));

  wait_until("the cancelled one has left", 5s, [&] { return rows_of(server, cancelled) == 0; });
  CHECK(rows_of(server, completed) > 5);
}

TEST_CASE(
    "what a running caller started stays, and a caller stays while one that it started runs or has not told "
    "it") {
  Retained server;
  const auto caller = execute(server);
  const auto child = execute(server);
  run_to_the_end(server, child, false);
  server.run("update noetl.execution set parent_execution_id = " + caller.str() +
             " where execution_id = " + child.str());
  const auto ended = [&] {
    store::EndedWindow found;
    server.connections.run_one([&](postgres::Session& session) {
      found = store::RetentionStatements(session).ended_executions(
          {.completed = 0s, .failed = 0s, .cancelled = 0s, .dead = {}},
          {.after = 0, .until = INT64_MAX, .rows_max = 100});
    });
    return found.executions;
  };

  CHECK(ended().empty());
  run_to_the_end(server, caller, false);
  CHECK(ended() == std::vector{caller, child});
  server.run("update noetl.execution set is_parent_told = false, parent_node_id = 'n' where execution_id = " +
             child.str());
  CHECK(ended().empty());
  server.run(
      "update noetl.execution set is_parent_told = true, status = 'running', outstanding = 1, finished_at = "
      "null where execution_id = " +
      child.str());
  CHECK(ended().empty());
}

TEST_CASE("thousands of executions and one with many rows leave in small steps") {
  Retained server;
  const auto large = execute(server);
  run_to_the_end(server, large, false);
  server.run("insert into noetl.loop_item (execution_id, loop, item_index, item) select " + large.str() +
             ", 'big', i, '1' from generate_series(0, 8999) as i");
  server.run(
      "insert into noetl.execution (execution_id, catalog_id, path, version, status, outstanding, state, "
      "workload, finished_at) "
      "select i, catalog_id, 'p', 1, 'completed', 0, '{}', '{}', now() from noetl.catalog, "
      "generate_series(1, 3000) as i");
  server.run(
      "insert into noetl.event (event_id, execution_id, event_type) "
      "select i * 10 + j, i, 'x' from generate_series(1, 3000) as i, generate_series(0, 4) as j");

  const upkeep::Upkeep upkeep(server.context,
                              keeping(server, {.completed = 0s, .failed = {}, .cancelled = {}, .dead = {}}));

  wait_until("all have left", 20s, [&] { return server.number("select count(*) from noetl.execution") == 0; });
  CHECK(rows_of(server, large) == 0);
  CHECK(server.number("select count(*) from noetl.event") == 0);
  CHECK(upkeep.retention_counts().executions == 3001);
  CHECK(upkeep.retention_counts().execution_rows >= 24'000);
}

TEST_CASE("however many plain commands stay, one step lets executions leave as well") {
  Retained server;
  const auto ended = execute(server);
  run_to_the_end(server, ended, false);
  server.run(
      "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, attempts, epoch, status, "
      "context, finished_at) "
      "select i, 'noop', 'noop', 'default', 1, 1, 1, 'dead', '{}', now() from generate_series(1, 60000) as "
      "i");
  postgres::DutyConnection connection(server.database_url);
  REQUIRE(connection.acquire());
  upkeep::Retention retention(server.context, {.completed = 0s, .failed = {}, .cancelled = {}, .dead = {}});

  (void)retention.step(connection, server.number("select (extract(epoch from now()) * 1000)::bigint"));

  CHECK(rows_of(server, ended) == 0);
  CHECK(retention.counts().executions == 1);
}

TEST_CASE("a kind whose round is over begins the next one, however long another kind's round takes") {
  Retained server;
  const auto first = execute(server);
  run_to_the_end(server, first, false);
  server.run(
      "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, attempts, epoch, status, "
      "context, finished_at) "
      "select i, 'noop', 'noop', 'default', 1, 1, 1, 'dead', '{}', now() from generate_series(1, 400000) as "
      "i");
  postgres::DutyConnection connection(server.database_url);
  REQUIRE(connection.acquire());
  upkeep::Retention retention(server.context, {.completed = 0s, .failed = {}, .cancelled = {}, .dead = {}});
  const auto now = [&] { return server.number("select (extract(epoch from now()) * 1000)::bigint"); };
  (void)retention.step(connection, now());
  REQUIRE(rows_of(server, first) == 0);
  const auto second = execute(server);
  run_to_the_end(server, second, false);

  (void)retention.step(connection, now());

  CHECK(rows_of(server, second) == 0);
}

TEST_CASE("an execution stays while one is there that repeats it, and leaves after it") {
  Retained server;
  const auto first = execute(server);
  run_to_the_end(server, first, false);
  const auto again =
      executions::rerun_execution(server.context, {.execution_id = first, .from_step = "end"}).value().execution_id;
  postgres::DutyConnection connection(server.database_url);
  REQUIRE(connection.acquire());
  upkeep::Retention retention(server.context, {.completed = 0s, .failed = {}, .cancelled = {}, .dead = {}});
  const auto step = [&] {
    (void)retention.step(connection, server.number("select (extract(epoch from now()) * 1000)::bigint"));
  };

  step();
  CHECK(rows_of(server, first) > 5);
  // Both look: the list, so that it is not locked round after round, and whoever locks, for what came in between.
  server.connections.transact([&](postgres::Session& pruning) {
    store::RetentionStatements statements(pruning);
    const store::IdWindow all{.after = 0, .until = INT64_MAX, .rows_max = 100};
    CHECK(statements.ended_executions({.completed = 0s, .failed = 0s, .cancelled = 0s, .dead = {}}, all)
              .executions.empty());
    CHECK(statements.lock_ended({first}).empty());
  });
  run_to_the_end(server, again, false);
  step();
  CHECK(rows_of(server, again) == 0);
  step();
  CHECK(rows_of(server, first) == 0);
}

TEST_CASE("an execution that somebody is reading for a rerun is left for later") {
  Retained server;
  const auto ended = execute(server);
  run_to_the_end(server, ended, false);
  server.connections.transact([&](postgres::Session& reading) {
    (void)store::RetentionStatements(reading).lock_ended({ended});

    server.connections.transact(
        [&](postgres::Session& pruning) { CHECK(store::RetentionStatements(pruning).lock_ended({ended}).empty()); });
  });

  server.connections.transact([&](postgres::Session& pruning) {
    CHECK(store::RetentionStatements(pruning).lock_ended({ended}) == std::vector{ended});
  });
}
