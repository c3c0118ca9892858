// What waits for a time is looked for pool by pool: a pool that is paused, or that nobody works for, hides nothing.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/pause.hpp"
#include "server/store/upkeep/upkeep_statements.hpp"
#include "server/upkeep/upkeep.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::TestServer;
using support::wait_until;

namespace {
// So many retries of that pool that have been due for a while; ids from `first` on.
void add_due(TestServer& server, const std::string& pool, int first, int count) {
  server.run(
      "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, context, available_at) select "
      "n, "
      "'noop', 'noop', '" +
      pool + "', 3, '{}', now() - interval '1 hour' + n * interval '1 microsecond' from generate_series(" +
      std::to_string(first) + ", " + std::to_string(first + count - 1) + ") as n");
}

std::vector<store::WaitingCommand> due(TestServer& server, const store::DueCursors& from, int limit) {
  std::vector<store::WaitingCommand> found;
  server.connections.run_one(
      [&](postgres::Session& session) { found = store::UpkeepStatements(session).due_commands(from, limit); });
  return found;
}

std::int64_t of_pool(const std::vector<store::WaitingCommand>& commands, const std::string& pool) {
  return std::count_if(commands.begin(), commands.end(), [&](const auto& c) { return c.pool == pool; });
}

std::string analyzed(TestServer& server, const std::string& call) {
  std::string plan;
  server.connections.run_one([&](postgres::Session& session) {
    for (const auto& row : session.transaction().exec("explain (analyze, costs off, timing off) execute " + call))
      plan += std::string(row[0].c_str()) + "\n";
  });
  return plan;
}
}  // namespace

TEST_CASE("pools take turns among the due ones, and each goes on where it was") {
  TestServer server;
  add_due(server, "crowded", 1, 5000);
  add_due(server, "small", 10'000, 3);

  const auto first = due(server, {}, 100);
  const auto second = due(server, store::cursors_after(first), 100);

  CHECK(of_pool(first, "small") == 3);
  CHECK(of_pool(first, "crowded") == 97);
  REQUIRE(second.size() == 100);
  CHECK(second.front().queue_id == base::CommandId{98});
  CHECK(second.back().queue_id == base::CommandId{197});
}

TEST_CASE("what is due in a paused pool keeps upkeep from nothing and is not read by it") {
  TestServer server;
  add_due(server, "paused", 1, 20'000);
  (void)queue::pause_pool(server.context, "paused", true);
  const auto look = [&] {
    store::UpkeepLook found;
    server.connections.run_one([&](postgres::Session& session) { found = store::UpkeepStatements(session).look(); });
    return found;
  };

  CHECK_FALSE(look().has_due);
  CHECK(due(server, {}, 100).empty());
  server.run(
      "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, context, available_at) values "
      "(90000, 'noop', 'noop', 'open', 3, '{}', now() + interval '90 seconds')");
  CHECK_FALSE(look().has_due);
  CHECK(look().next_due > 80s);
  CHECK(look().next_due <= 90s);
  add_due(server, "open", 80'000, 1);
  CHECK(look().has_due);
  CHECK(due(server, {}, 100).size() == 1);
  (void)queue::pause_pool(server.context, "paused", false);
  CHECK(due(server, {}, 100).size() == 100);
}

TEST_CASE("a poll reads no due command of another pool") {
  TestServer server;
  server.add_worker("w");
  add_due(server, "other", 1, 20'000);
  server.connections.run_one([&](postgres::Session& session) {
    (void)session.run(
        queries::CandidatesInPool{.pool = "default", .first = 0, .limit = 8, .priority_min = -100});  // prepares it
    (void)session.run(queries::DueCommands{.pools = "{}", .times = "{}", .ids = "{}", .limit = 8});
  });

  const auto poll = analyzed(server, "candidates_in_pool('default', 0, 8, -100)");
  const auto upkeep = analyzed(server, "due_commands('{}', '{}', '{}', 8)");

  CAPTURE(poll);
  CHECK(poll.find("queue_pool_priority") != std::string::npos);
  CHECK(poll.find("queue_pool_available_at") == std::string::npos);
  CHECK(poll.find("rows=20000") == std::string::npos);
  const auto index = poll.find("queue_pool_priority");
  CHECK(poll.substr(index, 400).find("Rows Removed by Filter: 20000") == std::string::npos);
  CAPTURE(upkeep);
  CHECK(upkeep.find("rows=20000") == std::string::npos);
  CHECK(upkeep.find("Sort Key: q") == std::string::npos);
  CHECK(upkeep.find("queue_pool_priority") != std::string::npos);
}

TEST_CASE("however many due commands nobody takes, every one is notified, and those of other pools at once") {
  TestServer server;
  add_due(server, "nobody", 1, 4500);
  add_due(server, "served", 10'000, 1);

  const upkeep::Upkeep upkeep(server.context,
                              {.database_url = server.database_url, .interval = 50ms, .renotify_after = 100ms});

  const auto notified = [&] {
    std::set<base::CommandId> ids;
    for (const auto& notification : server.notifier.notifications()) ids.insert(notification.queue_id);
    return ids;
  };
  wait_until("the other pool is notified", 5s, [&] { return notified().contains(base::CommandId{10'000}); });
  wait_until("all are notified", 10s, [&] { return notified().size() == 4501; });
}

TEST_CASE("a poll starts no workers of Postgres, however large the table is") {
  TestServer server;
  // What makes a large table look worth it, for connections that are opened from now on.
  for (const std::string setting :
       {"parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size", "min_parallel_index_scan_size"}) {
    server.run("do $$ begin execute format('alter database %I set " + setting + " = 0', current_database()); end $$");
  }
  add_due(server, "other", 1, 20'000);
  server.run("analyze noetl.queue");
  postgres::ConnectionPool fresh({.database_url = server.database_url, .connections_max = 1});
  std::string plan;

  fresh.run_one([&](postgres::Session& session) {
    (void)session.run(
        queries::CandidatesInPool{.pool = "default", .first = 90000, .limit = 8, .priority_min = -100});  // prepares it
    for (const auto& row :
         session.transaction().exec("explain (analyze) execute candidates_in_pool('default', 90000, 8, -100)"))
      plan += std::string(row[0].c_str()) + "\n";
  });

  CAPTURE(plan);
  CHECK(plan.find("queue_pool_priority") != std::string::npos);
  CHECK(plan.find("Gather") == std::string::npos);
}
