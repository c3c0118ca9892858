#include <doctest/doctest.h>

#include "server/notify/jetstream_notifier.hpp"
#include "shared/base/text/base64.hpp"
#include "shared/wire/notification.hpp"
#include "shared/wire/subjects.hpp"
#include "tests/support/nats_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;

namespace {

notify::NotifierSettings settings_for(const support::NatsServer& server) {
  notify::NotifierSettings settings;
  settings.nats.url = server.url();
  settings.nats.reconnect_delay = 20ms;
  settings.nats.reconnect_delay_max = 40ms;
  settings.check_interval = 200ms;
  return settings;
}

void wait_ready(const notify::JetStreamNotifier& notifier) {
  support::wait_until("notifications work", 10s, [&] { return notifier.is_connected(); });
}

std::uint64_t messages_in(const support::NatsServer& server, const std::string& consumer) {
  const auto shown = server.request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS." + consumer);
  return shown.contains("num_pending") ? shown["num_pending"].get<std::uint64_t>() : 0;
}

notify::Notification notification_of(std::int64_t id, const std::string& pool = "default") {
  return {.queue_id = base::CommandId{id},
          .execution_id = base::ExecutionId{9},
          .step = "start",
          .pool = pool,
          .priority = 0,
          .epoch = 1,
          .redelivery = 0};
}

}  // namespace

TEST_CASE("notifications arrive in the pool's consumer, one and thousands") {
  const support::NatsServer server;
  notify::JetStreamNotifier notifier(settings_for(server));
  wait_ready(notifier);
  std::vector<notify::Notification> many;
  for (int i = 2; i <= 3000; ++i) many.push_back(notification_of(i));

  const auto in_lane = [&](std::size_t lane) {
    return messages_in(server, wire::lane_consumer_of("noetl-worker-pool", lane));
  };
  // Few and many have a connection each: only what has arrived stands before the rest in the stream.
  notifier.notify({notification_of(1)});
  support::wait_until("the first has arrived", 10s, [&] { return in_lane(0) == 1; });
  notifier.notify(many);
  // 100 by themselves, 2900 by 32.
  support::wait_until("all have arrived", 10s, [&] { return in_lane(0) == 100 && in_lane(1) == 91; });
  support::wait_until("all are counted", 10s, [&] { return notifier.counts().published == 191; });
  CHECK(notifier.counts().failed == 0);
  const auto lanes = notifier.lanes("default");
  CHECK(lanes[0].num_pending == 100);
  CHECK(lanes[1].num_pending == 91);
  const auto named = [&](std::uint64_t sequence) {
    const auto shown =
        server.request("$JS.API.STREAM.MSG.GET.NOETL_COMMANDS", R"({"seq":)" + std::to_string(sequence) + "}");
    return wire::decode_notification(base::base64_decoded(shown["message"]["data"].get<std::string>()).value())
        .value()
        .queue_ids;
  };
  CHECK(named(100) == std::vector<base::CommandId>{{100}});
  std::vector<base::CommandId> first(32);
  for (std::size_t i = 0; i < first.size(); ++i) first[i].value = 101 + static_cast<std::int64_t>(i);
  CHECK(named(101) == first);
  CHECK(named(191).size() == 2900 % 32);
  CHECK(lanes[0].delivered_until_ms == 0);
  CHECK(notifier.lanes("pool-without-notifications")[0].num_pending == 0);
  CHECK(server.request("$JS.API.STREAM.INFO.NOETL_DEAD")["config"]["subjects"][0] == "noetl.dead.>");
}

TEST_CASE("a group with one command does not stand behind a group with a thousand; urgency says more than any line") {
  const support::NatsServer server;
  notify::JetStreamNotifier notifier(settings_for(server));
  wait_ready(notifier);
  const auto in_lane = [&](std::size_t lane) {
    return messages_in(server, wire::lane_consumer_of("noetl-worker-pool", lane));
  };
  std::vector<notify::Notification> many;
  for (int i = 1; i <= 1000; ++i) many.push_back(notification_of(i));
  auto other_execution = notification_of(2000);
  other_execution.execution_id = base::ExecutionId{10};
  auto other_group = notification_of(2001);
  other_group.group = "tenant b";
  auto urgent = notification_of(2002);
  urgent.priority = 1;
  auto idle = notification_of(2003);
  idle.priority = -1;

  notifier.notify(many);
  notifier.notify({other_execution, other_group, urgent, idle});

  support::wait_until("all have arrived", 10s,
                      [&] { return in_lane(0) == 103 && in_lane(1) == 29 && in_lane(2) == 1; });
}

TEST_CASE("a pool's consumer is made on its first notification, and loses nothing of what came before it") {
  const support::NatsServer server;
  notify::JetStreamNotifier notifier(settings_for(server));
  wait_ready(notifier);

  notifier.notify({notification_of(1, "gpu"), notification_of(2)});

  support::wait_until("the pool has its message", 10s,
                      [&] { return messages_in(server, "noetl-worker-pool-gpu") == 1; });
  CHECK(messages_in(server, "noetl-worker-pool") == 1);
}

TEST_CASE("a stream that vanishes is made again and notifications arrive again") {
  const support::NatsServer server;
  notify::JetStreamNotifier notifier(settings_for(server));
  wait_ready(notifier);

  static_cast<void>(server.request("$JS.API.STREAM.DELETE.NOETL_COMMANDS"));
  support::wait_until("it was repaired", 10s, [&] { return notifier.counts().repaired >= 2; });
  notifier.notify({notification_of(1)});

  support::wait_until("the notification arrived", 10s, [&] { return messages_in(server, "noetl-worker-pool") == 1; });
}

TEST_CASE("a consumer that vanishes is made again") {
  const support::NatsServer server;
  notify::JetStreamNotifier notifier(settings_for(server));
  wait_ready(notifier);
  notifier.notify({notification_of(1)});

  static_cast<void>(server.request("$JS.API.CONSUMER.DELETE.NOETL_COMMANDS.noetl-worker-pool"));

  support::wait_until("it is back with what waits", 10s, [&] { return messages_in(server, "noetl-worker-pool") == 1; });
  // Counted after the consumer stands.
  support::wait_until("it is counted", 10s, [&] { return notifier.counts().repaired >= 1; });
  CHECK(notifier.counts().repaired == 1);
}

TEST_CASE("it starts without NATS, never blocks on it, and works once NATS is there") {
  support::NatsServer server;
  server.stop();
  const auto begin = std::chrono::steady_clock::now();
  notify::JetStreamNotifier notifier(settings_for(server));
  for (int i = 0; i < 100; ++i) notifier.notify({notification_of(i + 1)});
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
  CHECK_FALSE(notifier.is_connected());
  CHECK(notifier.counts().failed == 100);

  server.start();
  wait_ready(notifier);
  auto other_execution = notification_of(101);
  other_execution.execution_id = base::ExecutionId{10};
  notifier.notify({other_execution});

  support::wait_until("the notification arrived", 10s, [&] { return messages_in(server, "noetl-worker-pool") == 1; });
}

TEST_CASE("names are those of the settings") {
  const support::NatsServer server;
  auto settings = settings_for(server);
  settings.stream = "JOBS";
  settings.subject = "jobs";
  settings.consumer = "hands";
  settings.dead_stream = "GRAVE";
  notify::JetStreamNotifier notifier(settings);
  wait_ready(notifier);

  notifier.notify({notification_of(1), notification_of(2, "gpu")});
  notifier.publish_dead_letters(
      {{.queue_id = {1}, .execution_id = {}, .step = "s", .pool = "gpu", .epoch = 1, .attempts = 1, .error = "{}"}});

  const auto pending = [&](const std::string& consumer) {
    return server.request("$JS.API.CONSUMER.INFO.JOBS." + consumer).value("num_pending", 0);
  };
  support::wait_until("both have arrived", 10s, [&] { return pending("hands") == 1 && pending("hands-gpu") == 1; });
  support::wait_until("the death is told", 10s,
                      [&] { return server.request("$JS.API.STREAM.INFO.GRAVE")["state"]["messages"] == 1; });
  CHECK(server.request("$JS.API.STREAM.INFO.JOBS")["config"]["subjects"] == nlohmann::json({"jobs", "jobs.>"}));
  CHECK(server.request("$JS.API.STREAM.INFO.NOETL_DEAD").contains("error"));
  CHECK(notifier.lanes("gpu")[0].num_pending == 1);
}

TEST_CASE(
    "a notification that nobody answered is dropped, reported with its command, and reported again until it is "
    "recorded") {
  const support::NatsServer server;
  auto settings = settings_for(server);
  settings.ack_wait = 1s;
  settings.deliveries_max = 1;
  auto notifier = std::make_unique<notify::JetStreamNotifier>(settings);
  wait_ready(*notifier);
  notifier->notify({notification_of(17)});
  support::wait_until("it has arrived", 10s, [&] { return messages_in(server, "noetl-worker-pool") == 1; });
  auto connection = std::shared_ptr<nats::Connection>(nats::Connection::open(settings.nats).value());
  nats::JetStream jetstream(*connection);
  auto pull =
      jetstream.pull({.stream = "NOETL_COMMANDS", .durables = {"noetl-worker-pool"}, .answers_on = connection}).value();

  std::vector<notify::MaxDeliveriesAdvisory> told;
  support::wait_until("it is dropped", 15s, [&] {
    (void)pull->fetch(1, 50ms);  // never answered; asking is what makes the server look
    told = notifier->max_deliveries(10);
    return !told.empty();
  });

  REQUIRE(told.size() == 1);
  CHECK(told[0].queue_id == base::CommandId{17});
  CHECK(told[0].consumer == "noetl-worker-pool");
  CHECK(told[0].deliveries >= 1);
  notifier->ack_max_deliveries();
  CHECK(notifier->max_deliveries(10).empty());
  support::wait_until("it is acknowledged", 10s, [&] {
    return server.request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS_ADVISORIES.noetl-upkeep").value("num_ack_pending", 1) ==
           0;
  });
}

TEST_CASE(
    "consumers of a pool that was deleted go at once, those that nobody knows when they were seen twice, and both come "
    "again") {
  const support::NatsServer server;
  const auto has_consumer = [&](const std::string& name) {
    return server.request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS." + name).contains("config");
  };
  {
    notify::JetStreamNotifier earlier(settings_for(server));
    wait_ready(earlier);
    earlier.notify({notification_of(1, "stranger"), notification_of(2, "kept")});
    support::wait_until("consumers of both", 10s, [&] {
      return has_consumer("noetl-worker-pool-stranger") && has_consumer("noetl-worker-pool-kept:lane2");
    });
  }
  (void)server.request("$JS.API.CONSUMER.DURABLE.CREATE.NOETL_COMMANDS.mine",
                       R"({"stream_name":"NOETL_COMMANDS","config":{"durable_name":"mine","ack_policy":"explicit"}})");
  notify::JetStreamNotifier notifier(settings_for(server));
  wait_ready(notifier);
  notifier.ensure_pool("deleted");
  support::wait_until("its consumers", 10s, [&] { return has_consumer("noetl-worker-pool-deleted:lane1"); });

  notifier.forget_pool("deleted");
  support::wait_until("they are gone", 10s, [&] { return !has_consumer("noetl-worker-pool-deleted"); });
  CHECK(has_consumer("noetl-worker-pool-stranger"));
  const notify::PoolsInUse known{.in_use = {"default", "kept"}, .unused = {}};
  support::wait_until("the stranger's are gone", 10s, [&] {
    notifier.retain_pools(known);
    return !has_consumer("noetl-worker-pool-stranger") && !has_consumer("noetl-worker-pool-stranger:lane2");
  });
  CHECK(has_consumer("noetl-worker-pool-kept"));
  CHECK(has_consumer("noetl-worker-pool"));
  CHECK(has_consumer("mine"));
  notifier.notify({notification_of(3, "stranger")});
  support::wait_until("they come again", 10s, [&] { return has_consumer("noetl-worker-pool-stranger"); });
}

TEST_CASE("a pool that is deleted while its consumers are being made has none in the end") {
  const support::NatsServer server;
  const auto has_consumer = [&](const std::string& name) {
    return server.request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS." + name).contains("config");
  };
  notify::JetStreamNotifier notifier(settings_for(server));
  wait_ready(notifier);
  for (int i = 0; i < 10; ++i) {
    const std::string pool = "brief" + std::to_string(i);
    notifier.ensure_pool(pool);
    support::wait_until("its first consumer", 10s, [&] { return has_consumer("noetl-worker-pool-" + pool); });
    notifier.forget_pool(pool);
    support::wait_until("they are gone", 10s, [&] {
      return !has_consumer("noetl-worker-pool-" + pool) && !has_consumer("noetl-worker-pool-" + pool + ":lane1") &&
             !has_consumer("noetl-worker-pool-" + pool + ":lane2");
    });
  }
}
