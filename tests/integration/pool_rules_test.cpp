// What pools say for commands that say nothing.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/queue/enqueue_commands.hpp"
#include "server/queue/pools.hpp"
#include "server/views/read_queue.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;

TEST_CASE("what a pool says counts for commands that say nothing, from the next second on") {
  TestServer server;
  server.add_worker("w", "slow");
  wire::Pool pool;
  pool.pool = "slow";
  pool.max_attempts = 9;
  pool.retry = R"({"backoff":"fixed","initial_delay":5,"multiplier":2,"max_delay":60,"jitter":false})";
  CHECK(queue::put_pool(server.context, pool).max_attempts == 9);
  wire::NewCommand silent;
  silent.tool_kind = "noop";
  silent.tool = R"({"kind":"noop"})";
  silent.pool = "slow";
  auto loud = silent;
  loud.max_attempts = 2;
  loud.retry = R"({"backoff":"none","initial_delay":0,"multiplier":2,"max_delay":60,"jitter":true})";
  auto elsewhere = silent;
  elsewhere.pool = "default";

  const auto made = queue::enqueue_commands(server.context, {silent, loud, elsewhere}).value();

  const auto row = [&](std::size_t i) { return views::get_command(server.context, made[i].queue_id).value(); };
  CHECK(row(0).max_attempts == 9);
  CHECK(nlohmann::json::parse(row(0).retry)["backoff"] == "fixed");
  CHECK(row(1).max_attempts == 2);
  CHECK(nlohmann::json::parse(row(1).retry)["backoff"] == "none");
  CHECK(row(2).max_attempts == 3);
  CHECK(row(2).retry == "null");
  (void)server.report(support::failed(server.claim("w", made[0].queue_id), "exception"));
  CHECK(server.number("select (extract(epoch from available_at - now()) * 10)::int from noetl.queue where queue_id = " +
                      made[0].queue_id.str()) >= 48);
  (void)server.report(support::failed(server.claim("w", made[1].queue_id), "exception"));
  CHECK(server.number("select count(*) from noetl.queue where available_at <= now() and queue_id = " +
                      made[1].queue_id.str()) == 1);
}

TEST_CASE("setting a pool again replaces both, and does not touch whether it is paused") {
  TestServer server;
  server.add_worker("w");
  wire::Pool pool;
  pool.pool = "blue";
  pool.max_attempts = 9;
  (void)queue::put_pool(server.context, pool);
  server.run("update noetl.pool set is_paused = true");
  pool.max_attempts.reset();

  const auto now = queue::put_pool(server.context, pool);

  CHECK_FALSE(now.max_attempts);
  CHECK(now.is_paused);
  CHECK(queue::list_pools(server.context).size() == 2);  // and the default pool, which has a worker
  CHECK(queue::get_pool(server.context, "never-set").updated_at.empty());
}
