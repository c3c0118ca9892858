// ConnectionPool: what it repeats, and what it gives up as unavailable.
#include <doctest/doctest.h>

#include <barrier>
#include <future>

#include "server/postgres/errors.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;

TEST_CASE("of two transactions that wait for each other one is repeated, and both count") {
  TestServer server;
  server.run("create table pair (id int primary key, n int not null)");
  server.run("insert into pair values (1, 0), (2, 0)");
  std::barrier both_hold_one(2);
  const auto raise_both = [&](const std::string& first, const std::string& second) {
    bool is_first_try = true;
    server.connections.transact([&](postgres::Session& session) {
      session.transaction().exec("update public.pair set n = n + 1 where id = " + first);
      if (std::exchange(is_first_try, false)) both_hold_one.arrive_and_wait();
      session.transaction().exec("update public.pair set n = n + 1 where id = " + second);
    });
  };

  auto other = std::async(std::launch::async, raise_both, "2", "1");
  CHECK_NOTHROW(raise_both("1", "2"));
  CHECK_NOTHROW(other.get());

  CHECK(server.number("select sum(n) from pair") == 4);
}

TEST_CASE("what Postgres rolls back again and again fails as unavailable, not as our failure") {
  TestServer server;
  int tries = 0;
  const auto lose = [&](const std::string& state) {
    tries = 0;
    server.connections.run_one([&](postgres::Session& session) {
      ++tries;
      session.transaction().exec("do $$ begin raise exception 'lost' using errcode = '" + state + "'; end $$");
    });
  };

  CHECK_THROWS_AS(lose("40P01"), postgres::Unavailable);
  CHECK(tries == 5);
  CHECK_THROWS_AS(lose("40001"), postgres::Unavailable);
  CHECK(tries == 5);
}

TEST_CASE("a poll reads the oldest that wait and stops: it neither collects nor sorts all of them") {
  TestServer server;
  server.run(
      "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, context)"
      " select n, 'noop', 'noop', 'default', 3, '{}' from generate_series(1, 20000) as n");
  std::string plan;

  server.connections.run_one([&](postgres::Session& session) {
    (void)session.run(
        queries::CandidatesInPool{.pool = "default", .first = 0, .limit = 8, .priority_min = -100});  // prepares it
    for (const auto& row : session.transaction().exec("explain execute candidates_in_pool('default', 0, 8, -100)"))
      plan += std::string(row[0].c_str()) + "\n";
  });

  CAPTURE(plan);
  CHECK(plan.find("Index Scan using queue_pkey") != std::string::npos);
  CHECK(plan.find("Bitmap") == std::string::npos);
}
