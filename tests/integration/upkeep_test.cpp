// Upkeep: it notifies again, leases of silent workers end, one replica at a time.
#include <doctest/doctest.h>

#include <algorithm>

#include "server/upkeep/upkeep.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::TestServer;
using support::wait_until;

namespace {
upkeep::UpkeepSettings quick(const TestServer& server) {
  return {.database_url = server.database_url, .interval = 50ms, .renotify_after = 100ms, .retention = {}};
}

bool was_notified(TestServer& server, base::CommandId id) {
  const auto notifications = server.notifier.notifications();
  return std::any_of(notifications.begin(), notifications.end(), [&](const auto& notification) {
    return notification.queue_id == id && notification.redelivery > 0;
  });
}
}  // namespace

TEST_CASE("a command whose notification was lost is notified again within two seconds") {
  TestServer server;
  const auto id = server.enqueue();

  const upkeep::Upkeep upkeep(server.context, quick(server));

  wait_until("upkeep notifies again", 5s, [&] { return was_notified(server, id); });
}

TEST_CASE(
    "fresh commands behind notifications that nobody has taken yet are not notified again, unless they are a minute "
    "old") {
  TestServer server;
  server.notifier.pretend_pending(1);
  const auto fresh = server.enqueue();
  const auto old = server.enqueue();
  const std::string minutes = std::to_string(base::IdGenerator::first_id_at(base::IdGenerator::epoch_ms + 120'000));
  server.run("update noetl.queue set queue_id = queue_id - " + minutes +
             ", created_at = now() - interval '2 minutes' where queue_id = " + old.str());
  const base::CommandId moved{old.value - std::stoll(minutes)};

  const upkeep::Upkeep upkeep(server.context, quick(server));

  wait_until("the old one is notified", 5s, [&] { return was_notified(server, moved); });
  wait_until("the fresh one is due for a notification", 5s, [&] {
    return server.number("select count(*) from noetl.queue where created_at < now() - interval '1500 milliseconds'") ==
           2;
  });
  CHECK_FALSE(was_notified(server, fresh));
  server.notifier.pretend_pending(0);
  wait_until("the line has gone", 5s, [&] { return was_notified(server, fresh); });
}

TEST_CASE("what waits in a pool without a worker does not gather notifications, and is notified again when one comes") {
  TestServer server;
  server.notifier.pretend_pending(1);
  const auto id = server.enqueue();
  server.run("update noetl.queue set available_at = now() - interval '1 minute'");
  const upkeep::Upkeep upkeep(server.context, quick(server));
  wait_until("it is notified", 5s, [&] { return was_notified(server, id); });
  const auto notified = [&] {
    const auto notifications = server.notifier.notifications();
    return std::count_if(notifications.begin(), notifications.end(), [&](const auto& notification) {
      return notification.queue_id == id && notification.redelivery > 0;
    });
  };

  wait_until("it would have been notified three times", 8s, [&] {
    return server.number("select count(*) from noetl.queue where created_at < now() - interval '4500 milliseconds'") ==
           1;
  });
  CHECK(notified() == 1);
  server.add_worker("w");
  wait_until("it is notified again", 8s, [&] { return notified() > 1; });
}

TEST_CASE("behind a line of notifications that are all younger a command was never notified: it is notified at once") {
  TestServer server;
  const auto id = server.enqueue();
  const auto now_ms = server.number("select (extract(epoch from now()) * 1000)::bigint");
  server.notifier.pretend_pending(1000, now_ms + 5000);

  const upkeep::Upkeep upkeep(server.context, quick(server));

  wait_until("upkeep notifies again", 5s, [&] { return was_notified(server, id); });
}

TEST_CASE("a command is notified when its time has come") {
  TestServer server;
  const upkeep::Upkeep upkeep(server.context, quick(server));
  const auto id = server.enqueue();
  server.run("update noetl.queue set available_at = now() + interval '300 milliseconds'");

  wait_until("workers are notified", 5s, [&] { return was_notified(server, id); });

  CHECK(server.number("select count(*) from noetl.queue where available_at <= now()") == 1);
}

TEST_CASE("the commands of a silent worker wait again and are notified") {
  TestServer server;
  server.add_worker("silent");
  const auto id = server.enqueue();
  (void)server.claim("silent", id);
  server.run("update noetl.worker set lease_until = now() - interval '1 second'");

  const upkeep::Upkeep upkeep(server.context, quick(server));

  wait_until("the command waits again", 5s, [&] { return server.status_of(id) == "queued"; });
  CHECK(server.number("select count(*) from noetl.worker where status = 'lost'") == 1);
}

TEST_CASE("a finished command is never notified") {
  TestServer server;
  server.add_worker("w");
  const auto finished = server.enqueue();
  (void)server.report(support::completed(server.claim("w", finished)));
  const auto waiting = server.enqueue();

  const upkeep::Upkeep upkeep(server.context, quick(server));

  wait_until("the waiting one is notified", 5s, [&] { return was_notified(server, waiting); });
  CHECK_FALSE(was_notified(server, finished));
}

TEST_CASE("one replica leads, and another takes over when it goes") {
  TestServer server;
  auto first = std::make_unique<upkeep::Upkeep>(server.context, quick(server));
  wait_until("the first leads", 5s, [&] { return first->is_leading(); });
  const upkeep::Upkeep second(server.context, quick(server));
  CHECK_FALSE(second.is_leading());

  first.reset();

  wait_until("the second leads", 5s, [&] { return second.is_leading(); });
}

TEST_CASE("folding the counters keeps the depth") {
  TestServer server;
  for (int i = 0; i < 5; ++i) (void)server.enqueue();
  const upkeep::Upkeep upkeep(server.context, quick(server));

  wait_until("the changes are folded", 5s,
             [&] { return server.number("select count(*) from noetl.queue_change") == 0; });

  CHECK(server.number("select count from noetl.queue_depth where status = 'queued'") == 5);
}

TEST_CASE("while nothing waits or runs, a tick is one look at Postgres") {
  TestServer server;
  server.add_worker("idle");
  server.run("update noetl.worker set lease_until = now() + interval '1 hour'");
  const upkeep::Upkeep upkeep(server.context, quick(server));
  wait_until("the first ticks, which also prune and fold", 5s, [&] { return upkeep.ticks() >= 2; });
  const auto ticks = upkeep.ticks();
  const auto calls = upkeep.calls();

  wait_until("ten more ticks", 10s, [&] { return upkeep.ticks() >= ticks + 10; });

  // The sweep goes on now and then, and a tick may be half done.
  CHECK(upkeep.calls() - calls <= upkeep.ticks() - ticks + 2);
}

TEST_CASE("a lease that nobody renews ends on time, however long the interval") {
  TestServer server;
  server.add_worker("silent");
  const auto id = server.enqueue();
  (void)server.claim("silent", id);
  server.run("update noetl.worker set lease_until = now() + interval '1 second'");
  auto settings = quick(server);
  settings.interval = 60s;

  const upkeep::Upkeep upkeep(server.context, settings);

  wait_until("the command waits again and is notified", 5s, [&] { return was_notified(server, id); });
  CHECK(server.status_of(id) == "queued");
}

TEST_CASE("finished plain commands leave when their time is over, those of executions and dead ones stay") {
  TestServer server;
  server.add_worker("w");
  const auto old = server.enqueue();
  const auto dead = server.enqueue(1);
  const auto kept = server.enqueue();
  (void)server.report(support::completed(server.claim("w", old)));
  (void)server.report(support::failed(server.claim("w", dead), "broken"));
  (void)server.report(support::completed(server.claim("w", kept)));
  // Ids are times: the first two become a day old.
  const std::string day = std::to_string(base::IdGenerator::first_id_at(base::IdGenerator::epoch_ms + 86'400'000));
  server.run("update noetl.queue set queue_id = queue_id - " + day +
             ", finished_at = finished_at - interval '1 day' where queue_id <> " + kept.str());
  auto settings = quick(server);
  settings.retention.completed = 3600s;

  const upkeep::Upkeep upkeep(server.context, settings);

  wait_until("the old one is gone", 5s,
             [&] { return server.number("select count(*) from noetl.queue where status = 'done'") == 1; });
  CHECK(server.status_of(kept) == "done");
  CHECK(server.number("select count(*) from noetl.queue where status = 'dead'") == 1);
  wait_until("the depth follows", 5s, [&] {
    return server.number(
               "select sum(count) from (select count, status from noetl.queue_depth union all select change, "
               "status from noetl.queue_change) as c where status = 'done'") == 1;
  });
}

TEST_CASE("a duty that fails with every tick does not keep the others from being done") {
  TestServer server;
  server.add_worker("w");
  server.add_worker("silent");
  const auto held = server.enqueue();
  (void)server.claim("silent", held);
  // Neither can the counters be folded nor the claims of who is gone be forgotten.
  server.run("alter table noetl.queue_depth add check (count < 0) not valid");
  server.run("insert into noetl.claim (worker_id, claim_id, queue_ids) values ('gone', 1, '{1}')");
  server.run(
      "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not now'; end "
      "$$");
  server.run("create trigger refuse before delete on noetl.claim for each row execute function refuse()");
  const auto waiting = server.enqueue();

  const upkeep::Upkeep upkeep(server.context, quick(server));

  wait_until("workers are notified", 5s, [&] { return was_notified(server, waiting); });
  wait_until("it was tried again", 5s, [&] { return upkeep.failures() > 10; });
  CHECK(upkeep.is_leading());
}

TEST_CASE("upkeep goes on after a first tick that failed") {
  TestServer server;
  auto settings = quick(server);
  // A user who comes into being when the first tick has met that there is none.
  settings.database_url.replace(settings.database_url.find("postgres@"), 8, "latecomer");
  const auto refusals = [] {
    const auto log = support::shared_postgres().log();
    return log.find("role \"latecomer\" does not exist") != std::string::npos;
  };

  const upkeep::Upkeep upkeep(server.context, settings);
  wait_until("the first tick is refused", 5s, refusals);
  server.run("create role latecomer superuser login");

  wait_until("it leads", 5s, [&] { return upkeep.is_leading(); });
}
