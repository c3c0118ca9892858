// Pauses on a real Postgres.
#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "server/attempts/reclaim_leases.hpp"
#include "server/executions/cancel_execution.hpp"
#include "server/queue/pause.hpp"
#include "server/queue/pools.hpp"
#include "server/queue/worker_registry.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/queue/queue_table.hpp"
#include "server/store/upkeep/pause_statements.hpp"
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
using support::was_notified_again;

TEST_CASE(
    "from a paused pool nothing is claimed, by id or by poll, and its workers are told; resumed, everything "
    "is") {
  TestServer server;
  server.add_worker("w");
  const auto first = server.enqueue();
  const auto paused = queue::pause_pool(server.context, "default", true);
  const auto second = server.enqueue();

  const auto by_id = server.claim_ids("w", {first, second});
  const auto by_poll = poll(server);
  wire::Heartbeat heartbeat;
  heartbeat.worker_id = "w";
  const bool told = queue::renew_leases(server.context, heartbeat).value().is_paused;
  (void)queue::pause_pool(server.context, "default", false);

  CHECK(paused.is_paused);
  CHECK(by_id.commands.empty());
  REQUIRE(by_id.refused.size() == 2);
  CHECK(by_id.refused[0].message.find("pool 'default' is resumed") != std::string::npos);
  CHECK(by_id.refused[0].retry_after > 0ms);
  CHECK(by_poll.commands.empty());
  CHECK(told);
  CHECK_FALSE(queue::renew_leases(server.context, heartbeat).value().is_paused);
  CHECK(poll(server).commands.size() == 2);
}

TEST_CASE("a bucket pauses and resumes what it names and nothing else, and leaves alone what is unclear") {
  TestServer server;
  const auto apply = [&](std::set<std::string> paused, std::set<std::string> unclear = {}) {
    std::map<std::string, bool> changed;
    for (const auto& [pool, is_paused] : queue::pause_pools_by(
             server.context, {.by = "bucket b", .paused = std::move(paused), .unclear = std::move(unclear)}))
      changed[pool] = is_paused;
    return changed;
  };
  using Changed = std::map<std::string, bool>;
  CHECK(queue::pause_pool(server.context, "by-hand", true).paused_by.empty());

  CHECK(apply({"one", "two", "by-hand"}) == Changed{{"one", true}, {"two", true}});
  CHECK(queue::get_pool(server.context, "one").paused_by == "bucket b");
  CHECK_FALSE(queue::get_pool(server.context, "one").paused_at.empty());
  CHECK(apply({"one", "two", "by-hand"}).empty());
  CHECK(apply({}, {"two"}) == Changed{{"one", false}});
  CHECK(queue::get_pool(server.context, "one").paused_by.empty());
  CHECK(queue::get_pool(server.context, "two").is_paused);
  CHECK(queue::get_pool(server.context, "by-hand").is_paused);

  // A resume by hand ends it until the bucket says so again; a pause by hand takes it over.
  CHECK_FALSE(queue::pause_pool(server.context, "two", false).is_paused);
  CHECK(apply({"two"}) == Changed{{"two", true}});
  CHECK(queue::pause_pool(server.context, "two", true).paused_by.empty());
  CHECK(apply({}).empty());
  CHECK(queue::get_pool(server.context, "two").is_paused);
}

TEST_CASE("an old command of a pool that was paused for long is still found by a poll") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  const auto hour = std::to_string(base::IdGenerator::first_id_at(base::IdGenerator::epoch_ms + 3'600'000));
  server.run("update noetl.queue set queue_id = queue_id - " + hour + " where queue_id = " + id.str());
  (void)queue::pause_pool(server.context, "default", true);
  for (int i = 0; i < 3; ++i) CHECK(poll(server).commands.empty());

  (void)queue::pause_pool(server.context, "default", false);

  CHECK(poll(server).commands.size() == 1);
}

// Its claim comes later, and the pool may be resumed meanwhile: then something more urgent may wait.
TEST_CASE("a look into a paused pool finds nothing to claim, and where the next one begins") {
  TestServer server;
  const auto id = server.enqueue();
  const auto look = [&] {
    std::pair<std::vector<base::CommandId>, std::optional<base::CommandId>> found;
    server.connections.run_one([&](postgres::Session& session) {
      found.first = store::QueueTable(session).candidates({.pool = "default", .from = {}, .limit = 5}, found.second);
    });
    return found;
  };
  CHECK(look() == std::pair(std::vector{id}, std::optional(id)));

  (void)queue::pause_pool(server.context, "default", true);
  CHECK(look() == std::pair(std::vector<base::CommandId>{}, std::optional(id)));

  (void)queue::pause_pool(server.context, "default", false);
  CHECK(look() == std::pair(std::vector{id}, std::optional(id)));
}

TEST_CASE("upkeep does not notify of a paused pool") {
  TestServer server;
  const auto id = server.enqueue();
  server.run("update noetl.queue set available_at = now()");
  const auto other = server.enqueue();
  server.run(
      "insert into noetl.pool (pool, is_paused) values ('default', true); update noetl.queue set pool = "
      "'other', available_at = now() where queue_id = " +
      other.str());

  const upkeep::Upkeep upkeep(server.context,
                              {.database_url = server.database_url, .interval = 50ms, .renotify_after = 100ms});

  wait_until("the other pool is notified", 5s, [&] { return was_notified_again(server, other); });
  CHECK_FALSE(was_notified_again(server, id));
}

TEST_CASE("of a paused execution what runs ends, and nothing else is claimed before it is resumed") {
  TestServer server;
  server.add_worker("w");
  const auto id = execute(server, "tests/calling");
  const auto running = server.claim("w", queued_of(server, id));

  const auto paused = queue::pause_execution(server.context, {.execution_id = id}).value();
  const auto notified_before = server.notifier.notifications().size();
  (void)server.report(completed(running));
  const auto child = child_of(server, id);
  const auto refused = server.claim_ids("w", {queued_of(server, child)});
  const auto polled = poll(server);
  const bool is_shown = views::get_execution(server.context, id).value().is_paused;
  const auto notified_after = server.notifier.notifications().size();
  const auto resumed = queue::pause_execution(server.context, {.execution_id = id, .is_paused = false}).value();

  CHECK(paused == std::vector{id});
  CHECK(refused.commands.empty());
  CHECK(refused.refused.at(0).retry_after == 0ms);
  CHECK(polled.commands.empty());
  CHECK(is_shown);
  CHECK(notified_after == notified_before);
  CHECK(resumed.size() == 2);
  CHECK(was_notified_again(server, queued_of(server, child)));
  for (int i = 0; i < 2; ++i) {
    for (const auto& command : poll(server).commands) (void)server.report(completed(command));
  }
  CHECK(status_of(server, id) == "COMPLETED");
}

TEST_CASE("a pause reaches what was called, and waiting commands of every kind; again it changes nothing") {
  TestServer server;
  server.add_worker("w");
  const auto id = execute(server, "tests/calling");
  (void)server.report(completed(server.claim("w", queued_of(server, id))));
  const auto child = child_of(server, id);

  const auto first = queue::pause_execution(server.context, {.execution_id = id}).value();
  const auto again = queue::pause_execution(server.context, {.execution_id = id}).value();

  CHECK(first == std::vector{id, child});
  CHECK(again.empty());
  CHECK(poll(server).commands.empty());
  CHECK(views::get_execution(server.context, child).value().is_paused);
}

TEST_CASE("a command of a paused execution whose worker is lost waits for the resume") {
  TestServer server;
  server.add_worker("w");
  const auto id = execute(server, "tests/single");
  (void)server.claim("w", queued_of(server, id));
  (void)queue::pause_execution(server.context, {.execution_id = id});

  CHECK(attempts::reclaim_leases(server.context, "w", "a test").done == 1);

  CHECK(server.number("select count(*) from noetl.queue where status = 'queued' and available_at > now() + "
                      "interval '100 years'") == 1);
  CHECK(poll(server).commands.empty());
  (void)queue::pause_execution(server.context, {.execution_id = id, .is_paused = false});
  CHECK(poll(server).commands.size() == 1);
}

TEST_CASE("what a heartbeat frees while its execution is being resumed or paused waits for the next one") {
  TestServer server;
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
    server.connections.transact([&](postgres::Session& session) {
      (void)store::ExecutionTable(session).lock({id});
      (void)store::PauseStatements(session).pause_executions(id, is_paused, true);
      age();
      (void)queue::renew_leases(server.context, heartbeat);  // on another connection
    });
    CHECK(server.status_of(command) == "running");
    CHECK(server.status_of(plain) == "queued");
  }

  age();
  (void)queue::renew_leases(server.context, heartbeat);

  CHECK(server.status_of(command) == "queued");
  CHECK(poll(server).commands.size() == 2);
}

TEST_CASE("resuming again ends the delay of what was postponed by mistake, of all that it has called") {
  TestServer server;
  server.add_worker("w");
  const auto id = execute(server, "tests/calling");
  (void)server.report(completed(server.claim("w", queued_of(server, id))));
  const auto stray = queued_of(server, child_of(server, id));
  server.run("update noetl.queue set available_at = now() + noetl.pause_shift() where status = 'queued'");
  CHECK(poll(server).commands.empty());

  const auto changed = queue::pause_execution(server.context, {.execution_id = id, .is_paused = false}).value();

  CHECK(changed.empty());
  CHECK(was_notified_again(server, stray));
  CHECK(poll(server).commands.size() == 1);
}

TEST_CASE("upkeep ends the delay of what is postponed though its execution is not paused, and nothing else") {
  TestServer server;
  server.add_worker("w");
  const auto id = execute(server, "tests/single");
  const auto paused = execute(server, "tests/single");
  (void)queue::pause_execution(server.context, {.execution_id = paused});
  const auto stray = queued_of(server, id);
  server.run("update noetl.queue set available_at = now() + noetl.pause_shift() where queue_id = " + stray.str());

  const upkeep::Upkeep upkeep(server.context,
                              {.database_url = server.database_url, .interval = 50ms, .renotify_after = 100ms});

  wait_until("it is notified", 5s, [&] { return was_notified_again(server, stray); });
  CHECK(server.number("select count(*) from noetl.queue where available_at > now()") == 1);
  CHECK(poll(server).commands.at(0).execution_id == id);
}

TEST_CASE(
    "a paused execution can be cancelled; an ended one cannot be paused, and no one can be that is not "
    "there") {
  TestServer server;
  const auto id = execute(server, "tests/single");
  (void)queue::pause_execution(server.context, {.execution_id = id});

  CHECK(executions::cancel_execution(server.context, {id, "enough", true}).value().status == "cancelled");

  CHECK_FALSE(views::get_execution(server.context, id).value().is_paused);
  CHECK(queue::pause_execution(server.context, {.execution_id = id}).error().code == base::ErrorCode::already_terminal);
  CHECK(queue::pause_execution(server.context, {.execution_id = {42}}).error().code == base::ErrorCode::not_found);
}
