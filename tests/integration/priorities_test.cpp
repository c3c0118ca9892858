// What is claimed next: the highest priority of what is due in the pool, then the oldest; by notification and by poll.
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "server/queue/claim_commands.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/pause.hpp"
#include "server/upkeep/upkeep.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::TestServer;
using support::wait_until;

namespace {

std::vector<base::CommandId> enqueue(TestServer& server, const std::vector<int>& priorities,
                                     std::chrono::milliseconds delay = {}) {
  std::vector<wire::NewCommand> commands;
  for (const int priority : priorities) {
    wire::NewCommand command;
    command.tool_kind = "noop";
    command.priority = priority;
    if (delay.count() > 0) command.delay = delay;
    commands.push_back(command);
  }
  std::vector<base::CommandId> ids;
  const auto made = queue::enqueue_commands(server.context, commands).value();
  for (const auto& one : made) ids.push_back(one.queue_id);
  return ids;
}

wire::ClaimAnswer claim(TestServer& server, const std::string& worker, std::vector<base::CommandId> ids, int slots) {
  wire::ClaimRequest request;
  request.worker_id = worker;
  request.queue_ids = std::move(ids);
  request.slots = slots;
  return queue::claim_commands(server.context, request, {}).value();
}

wire::ClaimAnswer poll(TestServer& server, const std::string& worker, int slots, std::optional<int> priority_min = {}) {
  wire::ClaimRequest request;
  request.worker_id = worker;
  request.slots = slots;
  request.priority_min = priority_min;
  return queue::claim_commands(server.context, request, {}).value();
}

std::vector<int> priorities_of(const wire::ClaimAnswer& answer) {
  std::vector<int> priorities;
  for (const auto& command : answer.commands) priorities.push_back(command.priority);
  return priorities;
}

std::vector<base::CommandId> ids_of(const wire::ClaimAnswer& answer) {
  std::vector<base::CommandId> ids;
  for (const auto& command : answer.commands) ids.push_back(command.lease.queue_id);
  return ids;
}

}  // namespace

TEST_CASE(
    "a claim with slots takes what is due above 0 first, highest first, and then of its ids what there is room for") {
  TestServer server;
  server.add_worker("a");
  const auto normal = enqueue(server, {0, 0, 0, 0});
  (void)enqueue(server, {5, 100, -3, 5});

  const auto answer = claim(server, "a", normal, 4);
  const auto rest = claim(server, "a", normal, 4);

  CHECK(priorities_of(answer) == std::vector{100, 5, 5, 0});
  CHECK(answer.commands.back().lease.queue_id == normal.front());
  CHECK(answer.refused.empty());
  CHECK_FALSE(answer.has_more);
  CHECK(server.number("select count(*) from noetl.claim where cardinality(queue_ids) = 4") == 1);
  CHECK(priorities_of(rest) == std::vector{0, 0, 0, 0});  // one of them is the same lease again
  CHECK(server.number("select sum(count) from (select count from noetl.queue_depth where status = 'running' union all "
                      "select change from noetl.queue_change where status = 'running') as c") == 7);
}

TEST_CASE("an answer whose slots all went above 0 says that there may be more, and those are claimed without ids") {
  TestServer server;
  server.add_worker("a");
  const auto normal = enqueue(server, {0, 0});
  const auto urgent = enqueue(server, {7, 7, 7, 7, 7});

  const auto first = claim(server, "a", normal, 2);
  const auto second = poll(server, "a", 2, 1);
  const auto third = poll(server, "a", 2, 1);
  const auto fourth = poll(server, "a", 2, 1);

  CHECK(first.has_more);
  CHECK(ids_of(first) == std::vector{urgent[0], urgent[1]});
  CHECK(ids_of(second) == std::vector{urgent[2], urgent[3]});
  CHECK(second.has_more);
  CHECK(ids_of(third) == std::vector{urgent[4]});
  CHECK_FALSE(third.has_more);
  CHECK(fourth.commands.empty());
  CHECK(server.status_of(normal[0]) == "queued");
}

TEST_CASE("without slots exactly those ids are claimed, as a worker of the release before asks") {
  TestServer server;
  server.add_worker("a");
  const auto normal = enqueue(server, {0});
  (void)enqueue(server, {9});

  CHECK(ids_of(claim(server, "a", normal, 0)) == normal);
}

TEST_CASE("a word of a command that was claimed already gives another one; when none is left it says so") {
  TestServer server;
  server.add_worker("a");
  server.add_worker("b");
  const auto urgent = enqueue(server, {3, 3});
  (void)claim(server, "a", {urgent[1]}, 1);

  const auto given = claim(server, "b", {urgent[0]}, 1);
  const auto none = claim(server, "b", {urgent[0]}, 1);

  CHECK(ids_of(given) == std::vector{urgent[1]});
  REQUIRE(none.refused.size() == 1);
  CHECK(none.refused[0].code == base::ErrorCode::active_claim);
}

TEST_CASE("delayed ones and those of a paused or another pool go before nobody") {
  TestServer server;
  server.add_worker("a");
  const auto normal = enqueue(server, {0, 0});
  (void)enqueue(server, std::vector<int>(50, 100), 1h);
  server.run(
      "update noetl.queue set pool = 'blue', available_at = now() where queue_id = (select max(queue_id) from "
      "noetl.queue)");

  CHECK(ids_of(claim(server, "a", {normal[0]}, 1)) == std::vector{normal[0]});
  queue::pause_pool(server.context, "default", true);
  (void)enqueue(server, {8});
  CHECK(claim(server, "a", {normal[1]}, 1).commands.empty());
  CHECK(poll(server, "a", 1, 1).commands.empty());
  queue::pause_pool(server.context, "default", false);
  CHECK(priorities_of(claim(server, "a", {normal[1]}, 1)) == std::vector{8});
}

TEST_CASE(
    "a poll takes the highest of all that waits, however many stand before it, and below 0 when nothing else does") {
  TestServer server;
  server.add_worker("a");
  (void)enqueue(server, {-1, -1, -100});
  (void)enqueue(server, std::vector<int>(1500, 0));
  (void)enqueue(server, {1, 50});
  server.run(
      "update noetl.queue set available_at = created_at where queue_id = (select min(queue_id) from noetl.queue where "
      "priority = 0)");

  const auto first = poll(server, "a", 3);
  int normal = 1;
  for (int left = 1499; left > 0;) {
    const auto answer = poll(server, "a", std::min(left, 1000));
    REQUIRE(!answer.commands.empty());
    CHECK(std::ranges::all_of(answer.commands, [](const auto& command) { return command.priority == 0; }));
    normal += static_cast<int>(answer.commands.size());
    left -= static_cast<int>(answer.commands.size());
  }
  const auto last = poll(server, "a", 5);

  CHECK(priorities_of(first) == std::vector{50, 1, 0});
  CHECK(normal == 1500);
  CHECK(priorities_of(last) == std::vector{-1, -1, -100});
}

TEST_CASE(
    "what an older server enqueued with a priority and without a time is claimed by its id, and by polls before "
    "priority 0") {
  TestServer server;
  server.add_worker("a");
  const auto ids = enqueue(server, {0, 6, 4, 0});
  server.run("update noetl.queue set available_at = null");

  CHECK(ids_of(claim(server, "a", {ids[2]}, 1)) == std::vector{ids[2]});
  CHECK(ids_of(poll(server, "a", 2)) == std::vector{ids[1], ids[0]});
}

TEST_CASE("claims at the same time share what goes first, and none waits for another") {
  TestServer server;
  for (int worker = 0; worker < 8; ++worker) server.add_worker("w" + std::to_string(worker));
  const auto normal = enqueue(server, std::vector<int>(400, 0));
  (void)enqueue(server, std::vector<int>(400, 2));

  {
    std::vector<std::jthread> threads;
    for (int worker = 0; worker < 8; ++worker) {
      threads.emplace_back([&, worker] {
        for (int round = 0; round < 10; ++round) (void)claim(server, "w" + std::to_string(worker), normal, 10);
      });
    }
  }

  CHECK(server.number("select count(*) from noetl.queue where status = 'running' and priority = 2") == 400);
  CHECK(server.number("select count(*) from noetl.queue where status = 'running' and epoch <> 1") == 0);
}

TEST_CASE("what has a priority below 0 is given to no worker where it is made") {
  TestServer server;
  server.add_worker("a");
  wire::ClaimRequest request;
  request.worker_id = "a";
  request.slots = 2;
  request.wait = 20s;
  request.direct_dispatch = true;
  wire::ClaimAnswer given;
  std::jthread waiting([&] { given = queue::claim_commands(server.context, request, {}).value(); });
  wait_until("the worker waits", 5s, [&] { return server.dispatcher.waiting() == 1; });

  (void)enqueue(server, {-1});
  (void)enqueue(server, {4});
  waiting.join();

  CHECK(priorities_of(given) == std::vector{4});
  CHECK(server.number("select count(*) from noetl.queue where status = 'queued' and priority = -1") == 1);
}

TEST_CASE(
    "upkeep notifies of a few of each priority, not at once after their enqueue, and not while a notification waits") {
  TestServer server;
  server.notifier.pretend_pending(1);
  (void)enqueue(server, std::vector<int>(100, 5));
  (void)enqueue(server, std::vector<int>(100, -5));
  (void)server.notifier.take();

  const upkeep::Upkeep upkeep(
      server.context,
      {.database_url = server.database_url, .interval = 50ms, .renotify_after = 100ms, .retention = {}});
  const auto probe = enqueue(server, {0}, 1200ms);  // when it is notified, a second has passed
  wait_until("a delayed one is notified", 10s, [&] {
    const auto notifications = server.notifier.notifications();
    return std::ranges::any_of(notifications,
                               [&](const auto& notification) { return notification.queue_id == probe[0]; });
  });
  const auto while_one_waits = server.notifier.take();
  server.notifier.pretend_pending(0);
  std::vector<notify::Notification> notifications;
  wait_until("they are notified", 10s, [&] {
    for (auto& notification : server.notifier.take()) notifications.push_back(notification);
    return std::ranges::count_if(notifications, [](const auto& notification) { return notification.priority != 0; }) >=
           128;
  });

  CHECK(std::ranges::none_of(while_one_waits, [](const auto& notification) { return notification.priority != 0; }));
  CHECK(std::ranges::count_if(notifications, [](const auto& notification) { return notification.priority > 0; }) == 64);
}

TEST_CASE("the claim of a command of priority 0 writes into no index, beside others that have a priority") {
  TestServer server;
  server.add_worker("a");
  const auto ids = enqueue(server, std::vector<int>(50, 0));
  (void)enqueue(server, {1});

  CHECK(server.number("select count(*) from noetl.queue where priority = 0 and available_at is not null") == 0);
  (void)claim(server, "a", ids, 51);

  CHECK(server.number("select count(*) from noetl.queue where status = 'queued'") == 0);
  CHECK(server.number("select count(*) from noetl.queue where available_at is not null") == 0);
}
