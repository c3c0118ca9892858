// Each condition of sql/queries/retention.sql by itself: what it keeps leaves when it alone no longer holds.
#include <doctest/doctest.h>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/store/upkeep/retention_statements.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::TestServer;

namespace {

const store::IdWindow all{.after = 0, .until = INT64_MAX, .rows_max = 1000};
const store::RetentionPolicy nothing_kept{.completed = 0s, .failed = 0s, .cancelled = 0s, .dead = 0s};

struct Guarded : TestServer {
  Guarded() {
    add_worker("w");
    run("update noetl.worker set lease_until = now() + interval '1 hour'");
    (void)catalog::register_playbook(
        context, {"apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: one, path: tests/one}\n"
                  "workflow:\n  - step: start\n    tool: {kind: noop}\n"})
        .value();
  }
  base::ExecutionId running() {
    wire::ExecuteRequest request;
    request.path = "tests/one";
    return executions::start_execution(context, request).value().execution_id;
  }
  base::ExecutionId ended() {
    const auto id = running();
    (void)report(
        support::completed(claim("w", {number("select queue_id from noetl.queue where execution_id = " + id.str())})));
    REQUIRE(number("select count(*) from noetl.execution where status = 'completed' and execution_id = " + id.str()) ==
            1);
    run("update noetl.execution set finished_at = now() - interval '1 minute' where execution_id = " + id.str());
    return id;
  }
  void set(base::ExecutionId id, const std::string& what) {
    run("update noetl.execution set " + what + " where execution_id = " + id.str());
  }
  template <class Act>
  auto with(Act&& act) {
    decltype(act(std::declval<store::RetentionStatements&>())) answer{};
    connections.transact([&](postgres::Session& session) {
      store::RetentionStatements statements(session);
      answer = act(statements);
    });
    return answer;
  }
  std::size_t listed(const store::RetentionPolicy& kept = nothing_kept) {
    return with([&](auto& statements) { return statements.ended_executions(kept, all).executions.size(); });
  }
  std::size_t locked(base::ExecutionId id) {
    return with([&](auto& statements) { return statements.lock_ended({id}).size(); });
  }
};

}  // namespace

TEST_CASE("commands of executions are no plain ones: they leave with their execution") {
  Guarded server;
  (void)server.ended();

  CHECK(server.with([](auto& statements) { return statements.prune_commands(nothing_kept, all).gone; }) == 0);
  CHECK(server.number("select count(*) from noetl.queue") == 1);
}

TEST_CASE("an event stays while its command is there, while it is young, and with its execution") {
  Guarded server;
  (void)server.ended();
  const auto plain = server.enqueue();
  (void)server.report(support::completed(server.claim("w", plain)));
  server.run("insert into noetl.event (event_id, queue_id, event_type) values (1, " + plain.str() +
             ", 'command.failed')");
  const auto gone = [&](std::chrono::seconds kept) {
    return server.with([&](auto& statements) { return statements.prune_events(kept, all).gone; });
  };

  server.run("update noetl.event set created_at = now() - interval '1 minute'");
  CHECK(gone(0s) == 0);
  server.run("delete from noetl.queue where execution_id is null");
  server.run("update noetl.queue set queue_id = queue_id + 1");  // none of the execution's is there either
  CHECK(gone(3600s) == 0);
  CHECK(gone(0s) == 1);
  CHECK(server.number("select count(*) from noetl.event where execution_id is null") == 0);
  CHECK(server.number("select count(*) from noetl.event where execution_id is not null") > 0);
}

TEST_CASE("an execution is listed by its own outcome's time, once it has ended and its caller knows") {
  Guarded server;
  const auto id = server.ended();
  const store::RetentionPolicy only_failed{.completed = {}, .failed = 0s, .cancelled = {}, .dead = {}};
  const store::RetentionPolicy only_cancelled{.completed = {}, .failed = {}, .cancelled = 0s, .dead = {}};
  CHECK(server.listed() == 1);
  CHECK(server.listed({.completed = 3600s, .failed = 0s, .cancelled = 0s, .dead = 0s}) == 0);

  server.set(id, "status = 'failed'");
  CHECK(server.listed(only_failed) == 1);
  CHECK(server.listed(only_cancelled) == 0);
  server.set(id, "status = 'cancelled'");
  CHECK(server.listed(only_failed) == 0);
  CHECK(server.listed(only_cancelled) == 1);
  server.set(id, "is_parent_told = false, parent_execution_id = 1, parent_node_id = 'n'");
  CHECK(server.listed() == 0);
  CHECK(server.locked(id) == 0);
}

TEST_CASE(
    "an execution is not listed while its caller runs, while one that it called runs or has to tell it, or while it is "
    "rerun") {
  Guarded server;
  const auto id = server.ended();
  const auto other = server.running();

  server.set(id, "parent_execution_id = " + other.str());
  CHECK(server.listed() == 0);
  server.set(id, "parent_execution_id = null");
  CHECK(server.listed() == 1);
  server.set(other, "parent_execution_id = " + id.str());
  CHECK(server.listed() == 0);
  server.set(other, "parent_execution_id = null, rerun_of = " + id.str());
  CHECK(server.listed() == 0);
  CHECK(server.locked(id) == 0);
  server.set(other, "rerun_of = null");
  CHECK(server.locked(id) == 1);

  const auto child = server.ended();
  server.set(child, "parent_execution_id = " + id.str() + ", parent_node_id = 'n', is_parent_told = false");
  CHECK(server.listed() == 0);
  server.set(child, "is_parent_told = true");
  CHECK(server.listed() == 2);
}

TEST_CASE("an execution that runs is neither listed nor locked nor removed") {
  Guarded server;
  const auto id = server.running();
  server.run("delete from noetl.queue");
  server.run("delete from noetl.event");

  CHECK(server.listed() == 0);
  CHECK(server.locked(id) == 0);
  CHECK(server.with([&](auto& statements) { return statements.prune_executions({id}); }) == 0);
}

TEST_CASE("an execution leaves only when nothing of it is left: command, event, item or result") {
  Guarded server;
  const auto id = server.ended();
  server.run("insert into noetl.loop_item (execution_id, loop, item_index, item) values (" + id.str() +
             ", 'l', 0, '1')");
  server.run("insert into noetl.result (result_id, execution_id, step, value) values (1, " + id.str() + ", 's', '1')");
  const auto removed = [&] { return server.with([&](auto& statements) { return statements.prune_executions({id}); }); };

  for (const std::string last : {"queue", "event", "loop_item", "result"}) {
    INFO(last);
    server.run("begin; create table if not exists public.saved_" + last + " as select * from noetl." + last +
               " where execution_id = " + id.str() + "; commit");
  }
  for (const std::string last : {"queue", "event", "loop_item", "result"}) {
    INFO(last);
    for (const std::string table : {"queue", "event", "loop_item", "result"}) server.run("delete from noetl." + table);
    server.run("insert into noetl." + last + " select * from public.saved_" + last);
    REQUIRE(server.number("select count(*) from noetl." + last) > 0);
    CHECK(removed() == 0);
  }
  for (const std::string table : {"queue", "event", "loop_item", "result"}) server.run("delete from noetl." + table);
  CHECK(removed() == 1);
}

TEST_CASE("tokens of no execution stay when executions leave") {
  Guarded server;
  server.run(
      "insert into noetl.keychain (catalog_id, name, execution_id, kind, key_id, sealed) select catalog_id, 'k', 0, "
      "'secret', 'x', "
      "'\\x00' from noetl.catalog limit 1");

  (void)server.with(
      [](auto& statements) { return statements.prune_execution_parts({base::ExecutionId{0}}, 10).others; });

  CHECK(server.number("select count(*) from noetl.keychain") == 1);
}

TEST_CASE("the letter of a step that died leaves with its execution, and no other letter does") {
  Guarded server;
  const auto id = server.ended();
  const auto plain = server.enqueue(1);
  (void)server.report(support::failed(server.claim("w", plain), "broken"));
  server.run("update noetl.queue set status = 'dead' where execution_id = " + id.str());
  server.run(
      "insert into noetl.dead_letter (queue_id, pool, tool_kind, error_kind, error, attempts) select queue_id, pool, "
      "tool_kind, 'k', "
      "'{}', 1 from noetl.queue where execution_id = " +
      id.str());

  (void)server.with([&](auto& statements) { return statements.prune_execution_parts({id}, 10).commands; });

  CHECK(server.number("select count(*) from noetl.dead_letter") == 1);
  CHECK(server.number("select count(*) from noetl.dead_letter join noetl.queue using (queue_id)") == 1);
}
