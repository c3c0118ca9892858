// From a commit to the notification: who enqueues by SQL wakes upkeep and the long polls, and costs nothing while nobody does.
#include <doctest/doctest.h>

#include <set>

#include "server/dispatch/long_polls.hpp"
#include "server/postgres/enqueue_listener.hpp"
#include "server/upkeep/upkeep.hpp"
#include "shared/base/guarded.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::TestServer;
using support::wait_until;

namespace {
constexpr const char* sessions =
    "from pg_stat_activity where datname = current_database() and application_name = 'noetl-server-listener'";

// Everything that was heard, each call as one text.
struct Heard {
  explicit Heard(const std::string& url)
      : listener(url, [this](const std::set<std::string>& pools) {
          std::string text;
          for (const auto& pool : pools) text += pool + " ";
          calls.with([&](auto& all) { all.push_back(text); });
          pools_told.with([&](auto& all) { all.insert(pools.begin(), pools.end()); });
        }) {
    wait_until("it listens", 5s, [&] { return listener.is_listening(); });
  }
  std::vector<std::string> all() {
    return calls.with([](const auto& known) { return known; });
  }
  std::set<std::string> told() {
    return pools_told.with([](const auto& known) { return known; });
  }
  base::Guarded<std::vector<std::string>> calls;
  base::Guarded<std::set<std::string>> pools_told;
  const postgres::EnqueueListener listener;
};

std::size_t notified(TestServer& server) {
  std::set<base::CommandId> ids;
  for (const auto& notification : server.notifier.notifications()) ids.insert(notification.queue_id);
  return ids.size();
}

void enqueue(TestServer& server, const std::string& pool, int count = 1) {
  server.run(
      "select noetl.enqueue_many((select jsonb_agg(jsonb_build_object('tool', jsonb_build_object('kind', "
      "'noop'), 'pool', '" +
      pool + "')) from generate_series(1, " + std::to_string(count) + ")))");
}

// The next one that enqueues notifies, whoever did just before.
void long_ago(TestServer& server) { server.run("select setval('noetl.last_notification', 0)"); }

// Ticks so rarely that what is notified was notified because upkeep was woken.
upkeep::UpkeepSettings sleepy(const TestServer& server) {
  return {.database_url = server.database_url, .interval = 10min, .renotify_after = 100ms, .retention = {}};
}
}  // namespace

TEST_CASE("a commit tells the pools that it enqueued for, once each; a rollback and a delay tell nothing") {
  TestServer server;
  Heard heard(server.database_url);
  server.run(R"(begin; select noetl.enqueue('{"kind": "noop"}', pool => 'undone'); rollback)");
  long_ago(server);
  server.run(R"(select noetl.enqueue('{"kind": "noop"}', pool => 'later', delay => '1 minute'))");
  server.run(R"(set noetl.doorbell = off; select noetl.enqueue('{"kind": "noop"}', pool => 'silent'))");

  server.run(
      R"(begin; select noetl.enqueue_many('[{"tool": {"kind": "noop"}, "pool": "red"}, {"tool": {"kind": "noop"}, "pool": "blue"}]'),)"
      R"( noetl.enqueue('{"kind": "noop"}', pool => 'red'); commit)");

  wait_until("the pools are told", 5s, [&] { return heard.told() == std::set<std::string>{"blue", "red"}; });
}

// The pools that public.stalls names as of that kind.
std::set<std::string> pools_of(TestServer& server, const std::string& kind) {
  std::set<std::string> pools;
  for (const auto& row :
       support::sql(server.database_url, "select pool from public.stalls where kind = '" + kind + "'"))
    pools.insert(row.front());
  return pools;
}

// A machine that stalls between two enqueues lets 20 ms pass: each of those is one more that has to notify. The clock is read before
// and after each enqueue, so that each is known to be within them, or beyond, but for one that a stall hits between.
TEST_CASE("of transactions that enqueue at the same time one notifies, and after 20 ms the next") {
  TestServer server;
  Heard heard(server.database_url);

  server.run("create table public.stalls (pool text, kind text)");
  server.run(
      "do $$ declare last bigint; before bigint; after bigint; begin for i in 1..100 loop "
      "last := coalesce(pg_sequence_last_value('noetl.last_notification'), 0);"
      "before := extract(epoch from clock_timestamp()) * 1000;"
      "perform noetl.enqueue('{\"kind\": \"noop\"}', pool => 'red' || i);"
      "after := extract(epoch from clock_timestamp()) * 1000;"
      "insert into public.stalls values ('red' || i, case when before - last > 20 then 'notifies' "
      "when after - last between 0 and 20 then 'silent' else 'either' end);"
      "perform setval('noetl.last_notification', (extract(epoch from clock_timestamp()) * 1000)::bigint); "
      "commit; end loop; end $$");
  long_ago(server);
  enqueue(server, "last");

  wait_until("the last is told", 5s, [&] { return heard.told().contains("last"); });
  auto expected = pools_of(server, "notifies");
  CHECK(expected.contains("red1"));
  CHECK(pools_of(server, "silent").size() > 0);
  const auto either = pools_of(server, "either");
  expected.insert("last");
  auto told = heard.told();
  for (const auto& pool : either) {
    expected.erase(pool);
    told.erase(pool);
  }
  CHECK(told == expected);
}

TEST_CASE("a listener that lost its connection listens again, and says that something may have been missed") {
  TestServer server;
  Heard heard(server.database_url);
  const auto before = heard.all().size();

  server.run(std::string("select pg_terminate_backend(pid) ") + sessions);

  wait_until("it was told after the new connection", 10s, [&] { return heard.all().size() > before; });
  wait_until("it listens again", 10s, [&] { return heard.listener.is_listening(); });
  enqueue(server, "red");
  wait_until("the pool is told", 5s, [&] { return heard.all().back() == "red "; });
}

TEST_CASE("while nobody enqueues a listener asks Postgres nothing") {
  TestServer server;
  Heard heard(server.database_url);
  const std::string quiet_since =
      std::string("select (extract(epoch from clock_timestamp() - state_change) * 1000)::bigint ") + sessions;

  wait_until("a second without a statement", 10s, [&] { return server.number(quiet_since) > 1000; });

  CHECK(server.number(std::string("select count(*) ") + sessions + " and state = 'idle' and query ilike 'listen%'") ==
        1);
}

TEST_CASE("who leads notifies at once of what SQL enqueued, however long its interval") {
  TestServer server;
  upkeep::Upkeep upkeep(server.context, sleepy(server));
  wait_until("the first tick", 5s, [&] { return upkeep.ticks() == 1; });
  const postgres::EnqueueListener listener(server.database_url, [&](const auto&) { upkeep.wake(); });
  wait_until("it listens", 5s, [&] { return listener.is_listening(); });

  enqueue(server, "red");

  wait_until("it is notified", 5s, [&] { return notified(server) == 1; });
  CHECK(upkeep.ticks() == 1);
}

TEST_CASE("a transaction with more than one look finds is notified to its end, and other pools meanwhile") {
  TestServer server;
  for (int i = 0; i < 5; ++i) enqueue(server, "crowded", 5000);
  upkeep::Upkeep upkeep(server.context, sleepy(server));
  wait_until("the first tick", 5s, [&] { return upkeep.ticks() == 1; });
  CHECK(notified(server) <= 2000);
  enqueue(server, "small", 3);

  upkeep.wake();

  wait_until("all are notified", 20s, [&] { return notified(server) == 25'003; });
  CHECK(upkeep.ticks() == 1);
}

TEST_CASE("a server that does not lead leaves notifying to the one that does") {
  TestServer server;
  upkeep::Upkeep first(server.context, sleepy(server));
  wait_until("the first leads", 5s, [&] { return first.is_leading(); });
  upkeep::Upkeep second(server.context, sleepy(server));
  enqueue(server, "red");

  second.wake();
  first.wake();

  wait_until("it is notified", 5s, [&] { return notified(server) == 1; });
  CHECK(second.commands_notified() == 0);
  CHECK(first.commands_notified() == 1);
}
