// Pools come into being when somebody names them: which are shown, and how one goes.
#include <doctest/doctest.h>

#include <algorithm>

#include "server/queue/enqueue_commands.hpp"
#include "server/queue/pause.hpp"
#include "server/queue/pools.hpp"
#include "server/queue/worker_registry.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::TestServer;

namespace {
base::CommandId enqueue(TestServer& server, const std::string& pool) {
  wire::NewCommand command;
  command.tool_kind = "noop";
  command.tool = R"({"kind":"noop"})";
  command.pool = pool;
  return queue::enqueue_commands(server.context, {command}).value().front().queue_id;
}

std::string names(TestServer& server) {
  std::string all;
  for (const auto& row : queue::list_pools(server.context)) all += (all.empty() ? "" : " ") + row.pool;
  return all;
}

wire::PoolRow with_attempts(TestServer& server, const std::string& name, std::optional<int> attempts) {
  wire::Pool pool;
  pool.pool = name;
  pool.max_attempts = attempts;
  return queue::put_pool(server.context, pool);
}
}  // namespace

TEST_CASE("pools with settings, commands that wait or run, or workers are shown, and no others") {
  TestServer server;
  CHECK(names(server).empty());

  (void)with_attempts(server, "set", 5);
  (void)with_attempts(server, "reset", 5);
  (void)with_attempts(server, "reset", std::nullopt);
  (void)queue::pause_pool(server.context, "paused", true);
  (void)queue::pause_pool(server.context, "resumed", true);
  (void)queue::pause_pool(server.context, "resumed", false);
  server.add_worker("w", "served");
  const auto id = enqueue(server, "served");
  (void)enqueue(server, "waits");

  CHECK(names(server) == "paused served set waits");
  auto served = queue::get_pool(server.context, "served");
  CHECK(served.workers == 1);
  CHECK(served.slots == 4);
  CHECK(served.queued == 1);
  const auto held = server.claim("w", id);
  served = queue::get_pool(server.context, "served");
  CHECK(served.queued == 0);
  CHECK(served.running == 1);
  (void)server.report(support::completed(held));
  server.run("update noetl.worker set status = 'stopped'");
  CHECK(names(server) == "paused set waits");
}

TEST_CASE("a pool in use is not deleted, and the refusal says what is in the way") {
  TestServer server;
  server.add_worker("w", "busy");
  const auto runs = enqueue(server, "busy");
  const auto held = server.claim("w", runs);
  (void)enqueue(server, "busy");
  (void)with_attempts(server, "busy", 7);

  const auto refused = queue::delete_pool(server.context, "busy");

  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::conflict);
  for (const char* words :
       {"1 worker is registered", "1 command waits", "1 command runs", "noetlctl command cancel --pool busy"})
    CHECK_MESSAGE(refused.error().message.find(words) != std::string::npos, refused.error().message);
  CHECK(queue::get_pool(server.context, "busy").max_attempts == 7);
  (void)server.report(support::completed(held));
}

TEST_CASE("a pool that nobody uses is deleted with its settings, and its consumers are removed") {
  TestServer server;
  server.add_worker("w", "over");
  (void)with_attempts(server, "over", 7);
  REQUIRE(queue::deregister_worker(server.context, {.worker_id = "w", .instance = {}, .by_force = true}));

  CHECK(queue::delete_pool(server.context, "over"));

  CHECK(names(server).empty());
  CHECK_FALSE(queue::get_pool(server.context, "over").max_attempts);
  CHECK(server.notifier.forgotten() == std::vector<std::string>{"over"});
  queue::report_pools_in_use(server.context);
  CHECK_FALSE(server.notifier.pools_in_use().contains("over"));
  CHECK(queue::delete_pool(server.context, "over").error().code == base::ErrorCode::not_found);
  // And comes into being again when somebody names it.
  server.add_worker("w2", "over");
  CHECK(names(server) == "over");
}

TEST_CASE("the default pool is always there, and a pool that nobody ever named is not found") {
  TestServer server;
  CHECK(queue::delete_pool(server.context, "default").error().code == base::ErrorCode::conflict);
  CHECK(queue::delete_pool(server.context, "never").error().code == base::ErrorCode::not_found);
}

TEST_CASE("consumers are kept for pools that somebody uses, and for a time after the last worker") {
  TestServer server;
  server.add_worker("w", "left");
  (void)enqueue(server, "waits");
  (void)with_attempts(server, "set", 5);
  (void)with_attempts(server, "reset", 5);
  (void)with_attempts(server, "reset", std::nullopt);
  REQUIRE(queue::deregister_worker(server.context, {.worker_id = "w", .instance = {}, .by_force = true}));

  queue::report_pools_in_use(server.context);
  CHECK(server.notifier.pools_in_use() == std::set<std::string>{"left", "set", "waits"});
  server.run("update noetl.worker set heartbeat_at = now() - interval '11 minutes'");
  queue::report_pools_in_use(server.context);
  CHECK(server.notifier.pools_in_use() == std::set<std::string>{"set", "waits"});
}
