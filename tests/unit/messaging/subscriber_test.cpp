// Subscriber over core NATS and from durable consumers, against a real nats-server.
#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "shared/messaging/subscriber.hpp"
#include "tests/support/subject.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/messaging/fixture.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using messaging::FailureKind;
using messaging::test::Fixture;
using messaging::test::number_of;

namespace {

// Handlers that note the numbers of type `placed`.
struct Seen {
  std::mutex mutex;
  std::vector<int> numbers;
  std::vector<FailureKind> failures;
  messaging::Handlers handlers;

  Seen() {
    handlers.on("placed", 1, [this](const messaging::Received& message) -> messaging::Result<void> {
      const std::lock_guard lock(mutex);
      numbers.push_back(number_of(message.envelope));
      return {};
    });
    handlers.on_failure([this](const messaging::Failure& failed) {
      const std::lock_guard lock(mutex);
      failures.push_back(failed.kind);
    });
  }
  std::vector<int> sorted() {
    const std::lock_guard lock(mutex);
    auto copy = numbers;
    std::ranges::sort(copy);
    return copy;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return numbers.size();
  }
};

std::vector<int> numbers_to(int last) {
  std::vector<int> numbers;
  for (int number = 1; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

struct SubscriberFixture : Fixture {
  Seen seen;

  // Core NATS.
  void send(const std::string& subject, int from, int to) const {
    messaging::PublisherSettings settings;
    settings.uses_jetstream = false;
    auto publisher = messaging::Publisher::open(*connection, settings).value();
    for (int number = from; number <= to; ++number) REQUIRE(publisher->publish(message(subject, number)).has_value());
    REQUIRE(publisher->flush(5s).has_value());
    REQUIRE(connection->flush(5s).has_value());
  }
  [[nodiscard]] auto subscribe(messaging::SubscriberSettings settings) {
    return messaging::Subscriber::open(connection, std::move(settings), seen.handlers);
  }
  [[nodiscard]] nlohmann::json consumer(const std::string& name) const {
    return server.request("$JS.API.CONSUMER.INFO.SHOP." + name);
  }
};

messaging::SubscriberSettings durable(std::vector<std::string> subjects) {
  messaging::SubscriberSettings settings;
  settings.subjects = std::move(subjects);
  settings.stream = "SHOP";
  settings.durable = "billing";
  settings.redelivery.initial = 10ms;
  return settings;
}

}  // namespace

TEST_CASE_FIXTURE(SubscriberFixture, "a core subscriber gets what comes on several subjects with wildcards") {
  auto subscriber = subscribe({.subjects = {"shop.*.placed", "store.>"}}).value();
  send("shop.a.placed", 1, 1);
  send("store.b.c", 2, 2);
  send("shop.a.paid", 3, 3);
  send("store.b", 4, 4);
  support::wait_until("three messages", 5s, [&] { return seen.count() == 3; });
  REQUIRE(subscriber->close().has_value());
  CHECK(seen.sorted() == std::vector<int>{1, 2, 4});
}

TEST_CASE_FIXTURE(SubscriberFixture, "a queue group shares its messages: each is handled once") {
  auto first = subscribe({.subjects = {"shop.>"}, .group = "billing"}).value();
  auto second = subscribe({.subjects = {"shop.>"}, .group = "billing"}).value();
  send("shop.a", 1, 200);
  support::wait_until("all messages", 5s, [&] { return seen.count() >= 200; });
  REQUIRE(first->close().has_value());
  REQUIRE(second->close().has_value());
  CHECK(seen.sorted() == numbers_to(200));
}

TEST_CASE_FIXTURE(SubscriberFixture, "close() handles what is here before it ends") {
  std::mutex gate;
  std::condition_variable opens;
  bool is_open = false;
  seen.handlers.on("placed", 1, [&](const messaging::Received& message) -> messaging::Result<void> {
    std::unique_lock lock(gate);
    opens.wait(lock, [&] { return is_open; });
    seen.numbers.push_back(number_of(message.envelope));
    return {};
  });
  auto subscriber = subscribe({.subjects = {"shop.>"}}).value();
  send("shop.a", 1, 100);
  CHECK(subscriber->close(50ms).error().kind == FailureKind::timeout);
  {
    const std::lock_guard lock(gate);
    is_open = true;
  }
  opens.notify_all();
  support::wait_until("all", 5s, [&] {
    const std::lock_guard lock(gate);
    return seen.numbers.size() == 100;
  });
  subscriber.reset();
  send("shop.a", 101, 101);
  CHECK(seen.numbers == numbers_to(100));
}

TEST_CASE_FIXTURE(SubscriberFixture, "what comes without an envelope is counted and told, and the rest goes on") {
  auto subscriber = subscribe({.subjects = {"shop.>"}}).value();
  server.publish("shop.a", "garbage");
  server.publish("shop.a", "");
  send("shop.a", 1, 1);
  support::wait_until("the good one", 5s, [&] { return seen.count() == 1; });
  REQUIRE(subscriber->close().has_value());
  CHECK(subscriber->counts().corrupt == 2);
  CHECK(seen.failures == std::vector(2, FailureKind::serialization));
}

TEST_CASE_FIXTURE(SubscriberFixture, "a durable subscriber goes on where it was when it comes back") {
  make_stream();
  publish("shop.a", 1, 50);
  auto subscriber = subscribe(durable({"shop.>"})).value();
  support::wait_until("the first half", 10s, [&] { return seen.count() == 50; });
  REQUIRE(subscriber->close().has_value());
  subscriber.reset();
  publish("shop.a", 51, 100);
  subscriber = subscribe(durable({"shop.>"})).value();
  support::wait_until("the second half", 10s, [&] { return seen.count() == 100; });
  REQUIRE(subscriber->close().has_value());
  CHECK(seen.sorted() == numbers_to(100));
  CHECK(consumer("billing").at("num_ack_pending") == 0);
}

TEST_CASE_FIXTURE(SubscriberFixture, "several subjects are several durable consumers") {
  make_stream();
  publish("shop.a", 1, 2);
  publish("shop.b", 3, 4);
  publish("shop.c", 5, 6);
  auto subscriber = subscribe(durable({"shop.a", "shop.c"})).value();
  support::wait_until("four", 10s, [&] { return seen.count() == 4; });
  REQUIRE(subscriber->close().has_value());
  CHECK(seen.sorted() == std::vector<int>{1, 2, 5, 6});
  CHECK(consumer("billing_2").at("config").at("filter_subject") == "shop.c");
}

TEST_CASE_FIXTURE(SubscriberFixture,
                  "a message that its handler could not do comes again; one that nobody can read does not") {
  make_stream();
  static_cast<void>(server.request("shop.poison", "garbage"));
  publish("shop.a", 1, 1);
  int tries = 0;
  seen.handlers.on("placed", 1, [&](const messaging::Received& message) -> messaging::Result<void> {
    CHECK(message.delivery == ++tries);
    if (tries < 3) return messaging::failure(FailureKind::handler, "not yet");
    const std::lock_guard lock(seen.mutex);
    seen.numbers.push_back(number_of(message.envelope));
    return {};
  });
  auto subscriber = subscribe(durable({"shop.>"})).value();
  support::wait_until("the third try", 10s, [&] { return seen.count() == 1; });
  REQUIRE(subscriber->close().has_value());
  CHECK(subscriber->counts().corrupt == 1);
  CHECK(subscriber->counts().failed == 2);
  support::wait_until("the answers", 5s, [&] { return consumer("billing").at("num_ack_pending") == 0; });
}

TEST_CASE_FIXTURE(SubscriberFixture, "a durable subscriber outlives the nats-server and the loss of its consumer") {
  make_stream();
  auto subscriber = subscribe(durable({"shop.>"})).value();
  publish("shop.a", 1, 10);
  support::wait_until("the first", 10s, [&] { return seen.count() == 10; });
  server.stop();
  support::wait_until("the loss", 5s, [&] { return !connection->is_connected(); });
  server.start();
  REQUIRE(connection->wait_connected(10s));
  publish("shop.a", 11, 20);
  support::wait_until("after the restart", 20s, [&] { return seen.count() >= 20; });
  REQUIRE(subscriber->close().has_value());
  CHECK(seen.sorted() == numbers_to(20));
}

TEST_CASE_FIXTURE(SubscriberFixture, "settings that can never work are refused by name") {
  CHECK(subscribe({}).error().kind == FailureKind::settings);
  CHECK(subscribe({.subjects = {"a b"}}).error().kind == FailureKind::settings);
  CHECK(subscribe({.subjects = {"a"}, .stream = "SHOP"}).error().kind == FailureKind::settings);
  CHECK(subscribe({.subjects = {"a"}, .group = "two words"}).error().kind == FailureKind::settings);
  CHECK(subscribe(durable({"shop.>"})).error().kind == FailureKind::subscribe);  // no such stream
}
