// Commands that are claimed for a waiting worker in the transaction that makes them.
#include "server/dispatch/dispatcher.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/pause.hpp"
#include "server/queue/worker_registry.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using support::TestServer;
using namespace std::chrono_literals;

namespace {
constexpr const char* three_steps = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: three, path: tests/three}
workflow:
  - step: start
    tool: {kind: noop}
    next: [{step: second}]
  - step: second
    tool: {kind: noop}
    next: [{step: third}]
  - step: third
    tool: {kind: noop}
)";

domain::ClaimedCommand command(std::int64_t id) {
  domain::ClaimedCommand made;
  made.lease = {.queue_id = {id}, .epoch = 1};
  return made;
}

// A worker's poll in a thread of its own.
struct WaitingWorker {
  dispatch::Dispatcher& dispatcher;
  std::string worker_id;
  std::atomic<bool> is_there{true};
  std::stop_source stop;
  std::future<dispatch::Dispatcher::Dispatched> dispatched;

  WaitingWorker(dispatch::Dispatcher& dispatcher_of, std::string name, std::size_t slots = 4,
                std::chrono::milliseconds wait = 60s)
      : dispatcher(dispatcher_of), worker_id(std::move(name)) {
    const auto before = dispatcher.waiting();
    dispatched = std::async(std::launch::async, [this, slots, wait] {
      static const std::string pool = "default", instance;
      return dispatcher.wait({.pool = pool,
                              .worker_id = worker_id,
                              .instance = instance,
                              .slots = slots,
                              // Asked without the dispatcher's lock: it may take a round trip.
                              .is_there = [this] { return dispatcher.waiting() > 0 && is_there.load(); }},
                             std::chrono::steady_clock::now() + wait, stop.get_token());
    });
    support::wait_until("it waits", 15s, [&] { return dispatcher.waiting() > before; });
  }
  ~WaitingWorker() { stop.request_stop(); }
  [[nodiscard]] bool is_waiting() { return dispatched.wait_for(0s) != std::future_status::ready; }
};

// The same through the use case, against Postgres.
struct Poll {
  std::stop_source stop;
  std::future<wire::ClaimAnswer> answer;

  Poll(TestServer& server, const std::string& worker_id, int slots = 4) {
    const auto before = server.dispatcher.waiting();
    answer = std::async(std::launch::async, [&server, worker_id, slots, token = stop.get_token()] {
      wire::ClaimRequest request;
      request.worker_id = worker_id;
      request.slots = slots;
      request.wait = 30s;
      request.direct_dispatch = true;
      return queue::claim_commands(server.context, request, token).value();
    });
    support::wait_until("it waits", 15s, [&] { return server.dispatcher.waiting() > before; });
  }
  ~Poll() { stop.request_stop(); }
  [[nodiscard]] bool is_waiting() { return answer.wait_for(0s) != std::future_status::ready; }
};

std::vector<wire::EnqueuedCommand> enqueue(TestServer& server, std::size_t count, const wire::NewCommand& like) {
  return queue::enqueue_commands(server.context, std::vector<wire::NewCommand>(count, like)).value();
}

wire::NewCommand noop() {
  wire::NewCommand made;
  made.tool_kind = "noop";
  made.tool = R"({"kind":"noop"})";
  made.input = R"({"n":1})";
  return made;
}
}  // namespace

TEST_CASE("whoever waits longest is dispatched first, and only what it has slots for") {
  dispatch::Dispatcher dispatcher;
  WaitingWorker first(dispatcher, "first", 1);
  WaitingWorker second(dispatcher, "second", 4);

  auto two = dispatcher.reserve("default", 2);
  REQUIRE(two);
  CHECK(two->worker_id() == "second");
  auto one = dispatcher.reserve("default", 1);
  REQUIRE(one);
  CHECK(one->worker_id() == "first");
  CHECK_FALSE(dispatcher.reserve("default", 1));
  CHECK_FALSE(dispatcher.reserve("other", 1));

  two->deliver({command(1), command(2)}, {17});
  one->deliver({command(3)}, {18});
  const auto dispatched = second.dispatched.get();
  CHECK(dispatched.commands.size() == 2);
  CHECK(dispatched.claim_id.value == 17);
  CHECK(first.dispatched.get().commands.at(0).lease.queue_id.value == 3);
  CHECK(dispatcher.waiting() == 0);
  CHECK(dispatcher.dispatched() == 3);
}

TEST_CASE("more than a few go by notification") {
  dispatch::Dispatcher dispatcher;
  WaitingWorker worker(dispatcher, "w", 1000);
  CHECK_FALSE(dispatcher.reserve("default", dispatch::Dispatcher::commands_max + 1));
  CHECK_FALSE(dispatcher.reserve("default", 0));
  CHECK(dispatcher.reserve("default", dispatch::Dispatcher::commands_max));
}

TEST_CASE("a reservation that comes to nothing leaves the worker where it was") {
  dispatch::Dispatcher dispatcher;
  WaitingWorker first(dispatcher, "first");
  WaitingWorker second(dispatcher, "second");
  { const auto reservation = dispatcher.reserve("default", 1); }
  auto reservation = dispatcher.reserve("default", 1);
  REQUIRE(reservation);
  CHECK(reservation->worker_id() == "first");
  CHECK(first.is_waiting());
}

TEST_CASE("a worker whose time is over while it is reserved waits for the end of that transaction") {
  dispatch::Dispatcher dispatcher;
  WaitingWorker worker(dispatcher, "w", 4, 100ms);
  auto reservation = dispatcher.reserve("default", 1);
  REQUIRE(reservation);
  CHECK(worker.dispatched.wait_for(300ms) == std::future_status::timeout);
  SUBCASE("and is dispatched to") {
    reservation->deliver({command(1)}, {17});
    CHECK(worker.dispatched.get().commands.size() == 1);
  }
  SUBCASE("or leaves with nothing") {
    reservation.reset();
    CHECK(worker.dispatched.get().commands.empty());
    CHECK_FALSE(dispatcher.reserve("default", 1));
  }
  CHECK(dispatcher.waiting() == 0);
}

TEST_CASE("who has closed the connection is passed over") {
  dispatch::Dispatcher dispatcher;
  WaitingWorker gone(dispatcher, "gone");
  WaitingWorker there(dispatcher, "there");
  gone.is_there = false;
  auto reservation = dispatcher.reserve("default", 1);
  REQUIRE(reservation);
  CHECK(reservation->worker_id() == "there");
}

TEST_CASE("what a worker claims otherwise meanwhile takes slots from its poll, the last ends it") {
  dispatch::Dispatcher dispatcher;
  WaitingWorker worker(dispatcher, "w", 3);
  dispatcher.note_claimed("other", 3);
  dispatcher.note_claimed("w", 2);
  CHECK_FALSE(dispatcher.reserve("default", 2));
  CHECK(dispatcher.reserve("default", 1));
  dispatcher.note_claimed("w", 5);
  CHECK(worker.dispatched.get().commands.empty());
}

TEST_CASE("a server that closes ends the waiting") {
  dispatch::Dispatcher dispatcher;
  WaitingWorker worker(dispatcher, "w");
  worker.stop.request_stop();
  CHECK(worker.dispatched.get().commands.empty());
  CHECK(dispatcher.waiting() == 0);
}

TEST_CASE(
    "a lone command is claimed where it is enqueued: one transaction, and its notification asks for "
    "nothing") {
  TestServer server;
  server.add_worker("w");
  Poll poll(server, "w");
  auto like = noop();
  like.timeout = 7s;
  like.max_attempts = 5;
  like.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  const auto id = enqueue(server, 1, like).at(0).queue_id;

  const auto answer = poll.answer.get();
  REQUIRE(answer.commands.size() == 1);
  REQUIRE(answer.waited);
  const auto notifications = server.notifier.take();
  REQUIRE(notifications.size() == 1);
  CHECK(notifications[0].is_dispatched);
  CHECK(notifications[0].queue_id == id);
  CHECK(server.number("select count(distinct xmin::text) from (select xmin from noetl.queue union all "
                      "select xmin from noetl.claim) as rows") == 1);
  // The same as Postgres tells a worker that asks for it again.
  const auto again = server.claim("w", id);
  const auto& dispatched = answer.commands[0];
  CHECK(dispatched.lease == again.lease);
  CHECK(dispatched.step == again.step);
  CHECK(dispatched.tool_kind == again.tool_kind);
  CHECK(dispatched.attempt == again.attempt);
  CHECK(dispatched.max_attempts == again.max_attempts);
  CHECK(dispatched.timeout == again.timeout);
  CHECK(dispatched.context == again.context);
  CHECK(dispatched.traceparent == again.traceparent);
  CHECK(server.report(support::completed(dispatched)).is_duplicate == false);
  CHECK(server.status_of(id) == "done");
  CHECK(server.number("select count(*) from noetl.queue_change where status = 'queued'") == 0);
}

TEST_CASE("what cannot be claimed for the worker is queued and notified, and the worker goes on waiting") {
  TestServer server;
  server.add_worker("w");
  Poll poll(server, "w");
  auto like = noop();
  std::size_t count = 1;
  bool is_notified = true;
  SUBCASE("more than a few") { count = dispatch::Dispatcher::commands_max + 1; }
  SUBCASE("more than its slots") { count = 5; }
  SUBCASE("its pool is paused") { (void)queue::pause_pool(server.context, "default", true); }
  SUBCASE("its lease has ended") { server.run("update noetl.worker set lease_until = now() - interval '1 second'"); }
  SUBCASE("it is not due") {
    like.delay = 1h;
    is_notified = false;
  }
  SUBCASE("another pool") { like.pool = "batch"; }
  SUBCASE("a key that is known") {
    like.idempotency_key = "once";
    server.run(
        "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, context, idempotency_key) "
        "values (1, 'noop', 'noop', 'default', 1, '{\"tool\": {\"kind\": \"noop\"}, \"input\": {\"n\": 1}}', "
        "'once')");
    is_notified = false;
    CHECK(enqueue(server, 1, like).at(0).queue_id.value == 1);
    count = 0;
  }

  (void)enqueue(server, count, like);

  const auto notifications = server.notifier.take();
  CHECK(notifications.size() == (is_notified ? count : 0));
  CHECK(std::ranges::none_of(notifications, [](const auto& notification) { return notification.is_dispatched; }));
  CHECK(server.number("select count(*) from noetl.queue where status = 'running'") == 0);
  CHECK(poll.is_waiting());
  CHECK(server.dispatcher.dispatched() == 0);
}

TEST_CASE("the steps of an execution are dispatched directly one after the other") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {three_steps}).value();
  std::optional<Poll> poll(std::in_place, server, "w");
  wire::ExecuteRequest request;
  request.path = "tests/three";

  const auto execution = executions::start_execution(server.context, request).value().execution_id;
  for (const char* step : {"start", "second", "third"}) {
    const auto answer = poll->answer.get();
    REQUIRE(answer.commands.size() == 1);
    CHECK(answer.commands[0].step == step);
    CHECK(answer.commands[0].execution_id == execution);
    poll.emplace(server, "w");
    (void)server.report(support::completed(answer.commands[0]));
  }

  const auto notifications = server.notifier.take();
  CHECK(notifications.size() == 3);
  CHECK(std::ranges::all_of(notifications, [](const auto& notification) { return notification.is_dispatched; }));
  CHECK(server.number("select count(*) from noetl.execution where status = 'completed'") == 1);
  CHECK(poll->is_waiting());
}

TEST_CASE("a step that is dispatched late in a long transaction was claimed when it was, not when that began") {
  // Else a heartbeat that comes right after the commit takes it for one whose answer was lost, and frees what is being begun.
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {three_steps}).value();
  std::optional<Poll> poll(std::in_place, server, "w");
  wire::ExecuteRequest request;
  request.path = "tests/three";
  (void)executions::start_execution(server.context, request).value();
  const auto first = poll->answer.get().commands.at(0);
  poll.emplace(server, "w");
  server.run("create table public.held_until (t timestamptz)");
  auto other = std::async(std::launch::async, [&] {
    server.run(R"(begin; select from noetl.execution for update;
                  do $$ begin while not exists (select from public.held_until) loop perform pg_sleep(0.01); end loop; end $$; commit)");
  });
  support::wait_until("it is locked", 15s, [&] {
    return server.number(
               "select count(*) from pg_stat_activity where query like 'begin; select from%' and state = "
               "'active'") > 0 &&
           server.number("select count(*) from noetl.execution") >
               server.number("select count(*) from (select from noetl.execution for update skip locked) as free");
  });
  auto report = std::async(std::launch::async, [&] { return server.report(support::completed(first)); });
  support::wait_until("the report waits", 15s, [&] {
    return server.number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == 1;
  });
  server.run("insert into public.held_until values (clock_timestamp())");
  other.get();
  (void)report.get();

  const auto second = poll->answer.get().commands.at(0);
  const auto id = second.lease.queue_id.str();
  CHECK(server.number("select count(*) from noetl.queue, public.held_until where queue_id = " + id +
                      " and created_at < t and claimed_at > t") == 1);
  CHECK(server.number("select count(*) from noetl.claim, public.held_until where " + id +
                      " = any(queue_ids) and claimed_at > t") == 1);
}

TEST_CASE("a command claimed for a worker that never got the answer is reclaimed by its heartbeats") {
  TestServer server;
  server.add_worker("w");
  domain::Lease lease;
  {
    Poll poll(server, "w");
    (void)enqueue(server, 1, noop());
    lease = poll.answer.get().commands.at(0).lease;  // and the connection breaks
  }
  server.run("update noetl.claim set claimed_at = claimed_at - interval '7 seconds'");
  server.run("update noetl.queue set claimed_at = claimed_at - interval '7 seconds'");
  server.add_worker("other");

  wire::Heartbeat heartbeat;
  heartbeat.worker_id = "w";
  (void)queue::renew_leases(server.context, heartbeat).value();

  CHECK(server.status_of(lease.queue_id) == "queued");
  CHECK(server.claim("other", lease.queue_id).lease.epoch == 2);
}
