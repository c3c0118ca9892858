// The worker with a real nats-server and the notifier that the product notifies with.
#include <doctest/doctest.h>

#include "shared/wire/notification.hpp"
#include "shared/wire/subjects.hpp"
#include "tests/unit/loop/notification_fixture.hpp"
#include "worker/loop/fetching/notification_consumer.hpp"

using namespace noetl;
using namespace noetl::loop_test;
using namespace std::chrono_literals;

TEST_CASE("a lane that others have emptied does not keep its share of what is requested early") {
  NotificationFixture fixture;
  loop::NotificationConsumer consumer({.nats = fixture.settings.nats,
                                       .stream = std::string(wire::commands_stream),
                                       .consumer = std::string(wire::commands_consumer),
                                       .lanes = static_cast<int>(wire::lanes),
                                       .subject = {},
                                       .worker_id = {}});
  OtherWorker other(fixture.settings.nats, 1);
  for (int i = 0; i < 40; ++i) {
    for (const std::string lane : {"lane1", "lane2"})
      fixture.nats.publish("noetl.commands.default." + lane, R"({"execution_id":"0","queue_id":"1","step":"noop"})");
  }
  fixture.wait("all are there", [&] { return fixture.number("num_pending") == 80; });
  fixture.wait("it is open", [&] { return consumer.is_open(); });
  loop::IdleGate idle_gate;
  const auto take = [&] {
    const auto messages = consumer.fetch(32, 50ms, idle_gate).value();
    for (const auto& message : messages) message.ack();
  };
  take();
  take();
  const auto taken = other.pull->fetch(40, 1s).value();
  for (const auto& message : taken) message.ack();

  for (int turns = 0; turns < 2; ++turns) {
    fixture.wait("no question is open", [&] {
      consumer.nak_late();
      return !consumer.is_expecting();
    });
    const auto before = fixture.deliveries();
    consumer.request_next(32);
    fixture.wait("they are on the way", [&] { return fixture.deliveries() > before; });
    take();
  }

  CHECK(consumer.shares()[2] == 32);
}

TEST_CASE("what is notified is claimed by id, run, reported and acked") {
  NotificationFixture fixture;
  fixture.start_subscribed();
  const int polls = fixture.server.polls;

  for (int i = 1; i <= 500; ++i) fixture.add_and_notify(i);

  fixture.wait("all are reported", [&] { return fixture.server.reported() == 500; });
  fixture.wait_answered();
  CHECK(fixture.server.polls == polls);
  CHECK(fixture.worker->counts().notifications == 500);
  fixture.finish();
}

TEST_CASE("garbage, duplicates and unknown commands never hold a slot") {
  NotificationFixture fixture;
  fixture.settings.slots = 1;
  fixture.start_subscribed();

  fixture.nats.publish("noetl.commands", "this is no notification");
  fixture.notify(404);
  fixture.add_and_notify(1);
  fixture.notify(1, 7);

  fixture.wait("the command is reported", [&] { return fixture.server.reported() == 1; });
  fixture.wait_answered();
  CHECK(fixture.worker->counts().garbage == 1);
  CHECK(fixture.server.row(1).epoch == 1);
  CHECK(fixture.number("num_redelivered") == 0);
  fixture.finish();
}

TEST_CASE("a lost claim reply is made good by claiming the same ids again") {
  NotificationFixture fixture;
  fixture.start_subscribed();
  fixture.server.claim_replies_to_lose = 1;

  fixture.add_and_notify(1);

  fixture.wait("it is reported", [&] { return fixture.server.reported() == 1; });
  CHECK(fixture.server.row(1).epoch == 1);
  CHECK(fixture.server.claims == 2);
  fixture.finish();
}

TEST_CASE("a command that is to be retried comes again with the server's delay") {
  NotificationFixture fixture;
  fixture.server.to_retry = 1;
  fixture.start_subscribed();

  fixture.add_and_notify(1);

  fixture.wait("the second attempt is reported", [&] { return fixture.server.reported() == 1; });
  CHECK(fixture.server.row(1).epoch == 2);
  fixture.wait_answered();
  fixture.finish();
}

TEST_CASE("a notification that names more commands than there are slots is taken bit by bit, and answered") {
  NotificationFixture fixture;
  fixture.settings.slots = 3;
  fixture.start_subscribed();

  fixture.notify_together(1, 100);

  fixture.wait("all are reported", [&] { return fixture.server.reported() == 100; });
  for (int i = 1; i <= 100; ++i) CHECK(fixture.server.row(i).epoch == 1);
  fixture.wait_answered();
  CHECK(fixture.number("num_redelivered") == 0);
  fixture.finish();
}

TEST_CASE("a command that is notified alone and together with others at the same time runs once") {
  NotificationFixture fixture;
  fixture.settings.slots = 3;
  fixture.notify_together(1, 10, "held");
  for (const std::int64_t id : {1, 2}) fixture.notify(id, 7);
  fixture.wait("all are notified", [&] { return fixture.number("num_pending") == 3; });

  fixture.start_subscribed();
  fixture.wait("its slots are full", [&] { return fixture.held->running() == 3; });
  fixture.held->let_go();

  fixture.wait("all are reported", [&] { return fixture.server.reported() == 10; });
  fixture.wait_answered();
  for (int i = 1; i <= 10; ++i) CHECK(fixture.server.row(i).reports.size() == 1);
  CHECK(fixture.worker->counts().completed == 10);
  fixture.finish();
}

TEST_CASE("what a worker has no slots for of a notification goes to others at once, while the rest runs") {
  NotificationFixture fixture;
  fixture.settings.slots = 2;
  fixture.start_subscribed();
  OtherWorker other(fixture.settings.nats, 2);

  fixture.notify_together(1, 5, "held");
  fixture.wait("its slots are full", [&] { return fixture.held->running() == 2; });

  std::vector<nats::Message> given;
  fixture.wait("others have it", [&] {
    given = other.pull->fetch(1, 1s).value();
    return !given.empty();
  });
  CHECK(wire::decode_notification(given.front().bytes())->queue_ids.size() == 5);
  given.front().nak(0ms);  // they have no slots either
  fixture.held->let_go();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 5; });
  for (int i = 1; i <= 5; ++i) CHECK(fixture.server.row(i).epoch == 1);
  fixture.wait_answered();
  fixture.finish();
}

TEST_CASE("a worker whose server does not answer gives back what comes to it meanwhile") {
  NotificationFixture fixture;
  fixture.settings.fetch_patience = 20s;  // what it has asked for stays asked for
  fixture.start_subscribed();
  OtherWorker other(fixture.settings.nats, 1);
  fixture.server.claims_to_fail = 1'000'000;
  fixture.add_and_notify(1);
  fixture.wait("it claims in vain", [&] { return fixture.worker->counts().claim_failures > 0; });

  fixture.nats.publish("noetl.commands.default.lane1", R"({"execution_id":"0","queue_id":"2","step":"noop"})");

  const auto begin = std::chrono::steady_clock::now();
  auto given = other.pull->fetch(1, 20s).value();
  CHECK(given.size() == 1);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  for (const auto& message : given) message.ack();
  fixture.server.claims_to_fail = 0;
  fixture.wait("its own is reported", [&] { return fixture.server.reported() == 1; });
  fixture.finish_fetching();
}

TEST_CASE("NATS goes away and comes back: work goes on by polling, and then by notifications again") {
  NotificationFixture fixture;
  fixture.start_subscribed();

  fixture.nats.stop();
  fixture.server.add(1);
  fixture.wait("it is polled", [&] { return fixture.server.reported() == 1; });
  fixture.nats.start();
  fixture.wait("notifications work", [&] { return fixture.notifier->is_connected(); });
  fixture.wait("it is subscribed again", [&] { return fixture.number("num_waiting") > 0; });
  const std::uint64_t before = fixture.worker->counts().notifications;
  fixture.add_and_notify(2);

  fixture.wait("it is reported", [&] { return fixture.server.reported() == 2; });
  fixture.wait("it was notified",
               [&] { return fixture.worker->counts().notifications > before || fixture.number("num_pending") == 0; });
  fixture.finish();
}

TEST_CASE("a deleted consumer is polled around until it is back") {
  NotificationFixture fixture;
  fixture.start_subscribed();

  static_cast<void>(fixture.nats.request("$JS.API.STREAM.DELETE.NOETL_COMMANDS"));
  fixture.server.add(1);
  fixture.wait("it is polled", [&] { return fixture.server.reported() == 1; });

  fixture.wait("it is subscribed again", [&] { return fixture.number("num_waiting") > 0; });
  fixture.add_and_notify(2);
  fixture.wait("it is reported", [&] { return fixture.server.reported() == 2; });
  fixture.finish();
}

TEST_CASE("commands that no notification comes for are found all the same, one after another without a pause") {
  NotificationFixture fixture;
  fixture.settings.slots = 2;
  fixture.start_subscribed();

  for (int i = 1; i <= 200; ++i) fixture.server.add(i);

  fixture.wait("all are reported", [&] { return fixture.server.reported() == 200; });
  CHECK(fixture.worker->counts().notifications == 0);
  fixture.finish();
}

TEST_CASE("a long command's notification stays in progress beyond ack wait") {
  NotificationFixture fixture;
  // The product's consumer has 30 s: a shorter one shows the same sooner.
  fixture.server.ack_wait = 600ms;
  fixture.notifier.reset();
  static_cast<void>(fixture.nats.request("$JS.API.CONSUMER.DELETE.NOETL_COMMANDS.noetl-worker-pool"));
  notify::NotifierSettings publishing;
  publishing.nats = fixture.settings.nats;
  publishing.ack_wait = 600ms;
  fixture.notifier = std::make_unique<notify::JetStreamNotifier>(publishing);
  fixture.wait("notifications work", [&] { return fixture.notifier->is_connected(); });
  fixture.start_subscribed();

  fixture.add_and_notify(1, "held");
  fixture.wait("it runs", [&] { return fixture.held->running() == 1; });

  CHECK(support::holds_for(2s, [&] { return fixture.number("num_redelivered") == 0; }));
  fixture.held->let_go();
  fixture.wait_answered();
  fixture.finish();
}
