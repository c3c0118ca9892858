// What becomes due is notified at its time: delays, retries and times, written by this server, by another one, or by SQL.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "server/dispatch/due_times.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/pause.hpp"
#include "server/upkeep/upkeep.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using support::TestServer;
using support::wait_until;

namespace {
// Ticks so rarely that nothing here is notified by one.
upkeep::UpkeepSettings rare(const TestServer& server) {
  return {.database_url = server.database_url, .interval = 1000ms, .renotify_after = 60s, .retention = {}};
}

base::CommandId enqueue(dispatch::ServerContext& context, milliseconds delay, const std::string& pool = "default") {
  wire::NewCommand command;
  command.tool_kind = "noop";
  command.tool = R"({"kind":"noop"})";
  command.pool = pool;
  command.delay = delay;
  command.max_attempts = 3;
  command.retry = R"({"backoff":"fixed","initial_delay":0.2,"multiplier":2,"max_delay":60,"jitter":false})";
  return queue::enqueue_commands(context, {command}).value().front().queue_id;
}

bool was_notified(TestServer& server, base::CommandId id) {
  const auto notifications = server.notifier.notifications();
  return std::any_of(notifications.begin(), notifications.end(),
                     [&](const auto& notification) { return notification.queue_id == id; });
}

// How long after `due` it is notified. What is not due is notified by nobody.
milliseconds lateness(TestServer& server, base::CommandId id, steady_clock::time_point due) {
  wait_until("it is notified", 5s, [&] { return was_notified(server, id); });
  const auto late = std::chrono::duration_cast<milliseconds>(steady_clock::now() - due);
  CHECK(server.number("select count(*) from noetl.queue where available_at <= now() and queue_id = " + id.str()) == 1);
  return late;
}

milliseconds median(std::vector<milliseconds> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

// A moment is 20 ms; a busy machine gets more, a tick of 390 ms is found out.
constexpr milliseconds late_max{100};
}  // namespace

TEST_CASE("delays and retries of this server are notified at their time, and not with a tick") {
  TestServer server;
  server.add_worker("w");
  const upkeep::Upkeep upkeep(server.context, rare(server));
  wait_until("it leads", 5s, [&] { return upkeep.is_leading(); });
  std::vector<milliseconds> delays, retries;

  for (int i = 0; i < 9; ++i) {
    const milliseconds delay{100 + 37 * i};
    const auto enqueued = steady_clock::now();
    const auto id = enqueue(server.context, delay);
    CHECK_FALSE(was_notified(server, id));
    delays.push_back(lateness(server, id, enqueued + delay));
    const auto held = server.claim("w", id);
    const auto failed = steady_clock::now();
    (void)server.report(support::failed(held, "connection"));
    (void)server.notifier.take();  // both who lead and who wrote it may have notified of the delay
    retries.push_back(lateness(server, id, failed + 200ms));
  }

  CHECK(median(delays) < late_max);
  CHECK(median(retries) < late_max);
}

TEST_CASE("what another server or SQL has written is notified at its time by the one that leads") {
  TestServer server;
  const upkeep::Upkeep upkeep(server.context, rare(server));
  wait_until("it leads", 5s, [&] { return upkeep.is_leading(); });
  std::vector<milliseconds> late;

  for (int i = 0; i < 5; ++i) {
    const auto id = server.enqueue();
    (void)server.notifier.take();
    // Far enough away for the next look.
    server.run("update noetl.queue set available_at = now() + interval '2500 milliseconds' where queue_id = " +
               id.str());
    late.push_back(lateness(server, id, steady_clock::now() + 2500ms));
  }

  CHECK(median(late) < late_max);
}

TEST_CASE("a server that does not lead notifies of what it wrote itself") {
  TestServer server;
  auto leader = std::make_unique<upkeep::Upkeep>(server.context, rare(server));
  wait_until("it leads", 5s, [&] { return leader->is_leading(); });
  dispatch::DueTimes own;
  dispatch::ServerContext context{.connections = server.connections,
                                  .notifier = server.notifier,
                                  .ids = server.ids,
                                  .playbooks = server.playbooks,
                                  .long_polls = server.long_polls,
                                  .dispatcher = server.dispatcher,
                                  .pool_rules = server.pool_rules,
                                  .work_counts = server.work_counts,
                                  .due_times = own,
                                  .settings = {}};
  const upkeep::Upkeep second(context, rare(server));
  std::vector<milliseconds> late;

  for (int i = 0; i < 5; ++i) {
    const auto enqueued = steady_clock::now();
    const auto id = enqueue(context, 150ms);
    late.push_back(lateness(server, id, enqueued + 150ms));
  }

  CHECK_FALSE(second.is_leading());
  CHECK(median(late) < late_max);
}

TEST_CASE("a pool that is paused is not notified when something becomes due in it") {
  TestServer server;
  const upkeep::Upkeep upkeep(server.context, rare(server));
  (void)queue::pause_pool(server.context, "paused", true);
  const auto silent = enqueue(server.context, 100ms, "paused");
  const auto heard = enqueue(server.context, 200ms, "open");

  wait_until("the other is notified", 5s, [&] { return was_notified(server, heard); });

  CHECK_FALSE(was_notified(server, silent));
}

TEST_CASE("what is kept of due times has a bound, and the newest time of a command counts") {
  dispatch::DueTimes times(10s);
  const auto notification_of = [](std::int64_t id, milliseconds delay) {
    notify::Notification notification;
    notification.queue_id = {id};
    notification.pool = "default";
    notification.delay = delay;
    return notification;
  };
  times.add({notification_of(1, 1ms), notification_of(2, 9s), notification_of(3, 11s), notification_of(2, 1ms)});
  std::vector<notify::Notification> due;
  const std::stop_source stop;

  while (due.size() < 2) {
    for (auto& one : times.wait(stop.get_token()).due) due.push_back(one);
  }

  CHECK(due[0].queue_id.value + due[1].queue_id.value == 3);
  CHECK(due[0].delay == 0ms);
  std::vector<notify::Notification> many;
  for (std::int64_t id = 10; id < 10 + static_cast<std::int64_t>(dispatch::DueTimes::kept_max) + 100; ++id)
    many.push_back(notification_of(id, 1ms));
  times.add(many);
  std::size_t taken = 0;
  while (taken < dispatch::DueTimes::kept_max) taken += times.wait(stop.get_token()).due.size();
  CHECK(taken == dispatch::DueTimes::kept_max);
}
