// Publisher against a real nats-server.
#include <doctest/doctest.h>

#include <map>
#include <mutex>

#include "tests/support/wait_until.hpp"
#include "tests/unit/messaging/fixture.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using messaging::FailureKind;
using messaging::test::Fixture;

namespace {

// What became of each message, by its id.
struct Outcomes {
  std::mutex mutex;
  std::map<std::string, messaging::Published> published;
  std::map<std::string, messaging::Failure> failed;

  messaging::PublisherSettings settings() {
    messaging::PublisherSettings made;
    made.on_published = [this](const messaging::Published& one) {
      const std::lock_guard lock(mutex);
      published[one.message_id] = one;
    };
    made.on_failed = [this](const messaging::OutMessage& message, const messaging::Failure& why) {
      const std::lock_guard lock(mutex);
      failed[message.event.id] = why;
    };
    return made;
  }
  FailureKind kind_of(const std::string& id) {
    const std::lock_guard lock(mutex);
    return failed.at(id).kind;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what is published to JetStream is in the stream, with headers that any client reads") {
  make_stream();
  Outcomes outcomes;
  auto publisher = messaging::Publisher::open(*connection, outcomes.settings()).value();
  auto out = message("shop.orders.7.placed", 7, "id-7");
  out.event.domain = "shop";
  out.event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  REQUIRE(publisher->publish(std::move(out)).has_value());
  REQUIRE(publisher->flush(5s).has_value());
  CHECK(outcomes.published.at("id-7").stream_sequence == 1);
  const auto kept = server.request("$JS.API.STREAM.MSG.GET.SHOP", R"({"seq":1})").at("message");
  CHECK(kept.at("subject") == "shop.orders.7.placed");
  CHECK(kept.at("data") == "eyJuIjo3fQ==");  // {"n":7}
  CHECK(kept.contains("hdrs"));
}

TEST_CASE_FIXTURE(Fixture, "a second message of an id is dropped by the stream and counted as a duplicate") {
  make_stream();
  Outcomes outcomes;
  auto publisher = messaging::Publisher::open(*connection, outcomes.settings()).value();
  REQUIRE(publisher->publish(message("shop.a", 1, "same")).has_value());
  REQUIRE(publisher->publish(message("shop.a", 1, "same")).has_value());
  REQUIRE(publisher->flush(5s).has_value());
  CHECK(publisher->counts().published == 1);
  CHECK(publisher->counts().duplicates == 1);
  CHECK(stream_state().at("messages") == 1);
}

TEST_CASE_FIXTURE(Fixture, "messages go out in bursts of so many, in the order in which they came") {
  make_stream();
  messaging::PublisherSettings settings;
  settings.batch_messages = 100;
  settings.batch_delay = 60s;
  std::vector<std::uint64_t> sequences;
  settings.on_published = [&](const messaging::Published& one) {
    CHECK(one.message_id == std::to_string(one.stream_sequence));
    sequences.push_back(one.stream_sequence);
  };
  auto publisher = messaging::Publisher::open(*connection, settings).value();
  for (const int end : {100, 200}) {
    for (int number = end - 99; number <= end; ++number)
      REQUIRE(publisher->publish(message("shop.a", number, std::to_string(number))).has_value());
    support::wait_until("a full burst", 5s,
                        [&] { return publisher->counts().published == static_cast<std::uint64_t>(end); });
  }
  CHECK(publisher->counts().bursts == 2);
  REQUIRE(publisher->publish(message("shop.a", 201, "201")).has_value());
  CHECK(support::holds_for(100ms, [&] { return publisher->counts().published == 200; }));  // it waits for others
  REQUIRE(publisher->flush(5s).has_value());
  CHECK(sequences.size() == 201);
}

TEST_CASE_FIXTURE(Fixture, "a burst that is not full goes out after its delay") {
  make_stream();
  auto publisher = messaging::Publisher::open(*connection, {}).value();
  REQUIRE(publisher->publish(message("shop.a", 1)).has_value());
  support::wait_until("the delay of 50 ms", 5s, [&] { return publisher->counts().published == 1; });
}

TEST_CASE_FIXTURE(Fixture, "more than may be in flight is refused, or waited for") {
  make_stream();
  messaging::PublisherSettings settings;
  settings.in_flight_max = 3;
  settings.batch_delay = 60s;
  auto publisher = messaging::Publisher::open(*connection, settings).value();
  for (int number = 1; number <= 3; ++number) REQUIRE(publisher->publish(message("shop.a", number)).has_value());
  CHECK(publisher->publish(message("shop.a", 4)).error().kind == FailureKind::saturated);
  REQUIRE(publisher->flush(5s).has_value());
  CHECK(publisher->publish(message("shop.a", 4), 1s).has_value());

  settings.in_flight_max = 1000;
  settings.bytes_in_flight_max = 20;  // a payload has 7 to 9
  auto narrow = messaging::Publisher::open(*connection, settings).value();
  REQUIRE(narrow->publish(message("shop.a", 100)).has_value());
  REQUIRE(narrow->publish(message("shop.a", 101)).has_value());
  CHECK(narrow->publish(message("shop.a", 102)).error().kind == FailureKind::saturated);
}

TEST_CASE_FIXTURE(Fixture, "what no stream takes has failed after its attempts") {
  Outcomes outcomes;
  auto settings = outcomes.settings();
  settings.attempts_max = 3;
  settings.backoff.initial = 10ms;
  auto publisher = messaging::Publisher::open(*connection, settings).value();
  REQUIRE(publisher->publish(message("nowhere.a", 1, "lost")).has_value());
  REQUIRE(publisher->flush(5s).has_value());
  CHECK(outcomes.kind_of("lost") == FailureKind::publish);
  CHECK(outcomes.failed.at("lost").subject == "nowhere.a");
  CHECK(publisher->counts().retried == 2);
  CHECK(publisher->counts().failed == 1);
}

TEST_CASE_FIXTURE(Fixture, "a stream that has moved on takes nothing that expects its old end") {
  make_stream();
  Outcomes outcomes;
  auto publisher = messaging::Publisher::open(*connection, outcomes.settings()).value();
  for (const auto& [id, expected] : {std::pair("first", 0), std::pair("second", 1), std::pair("third", 1)}) {
    auto out = message("shop.a", 1, id);
    out.expected_last_sequence = static_cast<std::uint64_t>(expected);
    REQUIRE(publisher->publish(std::move(out)).has_value());
  }
  REQUIRE(publisher->flush(5s).has_value());
  CHECK(outcomes.published.size() == 2);
  CHECK(outcomes.kind_of("third") == FailureKind::conflict);
  CHECK(publisher->counts().retried == 0);
}

TEST_CASE_FIXTURE(Fixture, "what is published while NATS is away arrives once it is back") {
  make_stream();
  Outcomes outcomes;
  auto settings = outcomes.settings();
  settings.backoff.initial = 20ms;
  settings.backoff.delay_max = 100ms;
  settings.attempts_max = 1000;
  auto publisher = messaging::Publisher::open(*connection, settings).value();
  server.stop();
  support::wait_until("the loss", 5s, [&] { return !connection->is_connected(); });
  for (int number = 1; number <= 50; ++number)
    REQUIRE(publisher->publish(message("shop.a", number, std::to_string(number))).has_value());
  CHECK(publisher->flush(200ms).error().kind == FailureKind::timeout);
  server.start();
  REQUIRE(publisher->flush(20s).has_value());
  CHECK(publisher->counts().published + publisher->counts().duplicates == 50);
  CHECK(stream_state().at("messages") == 50);
}

TEST_CASE_FIXTURE(Fixture, "what does not arrive within the total timeout has failed") {
  Outcomes outcomes;
  auto settings = outcomes.settings();
  settings.backoff.initial = 20ms;
  settings.backoff.delay_max = 50ms;
  settings.attempts_max = 1000;
  settings.total_timeout = 300ms;
  auto publisher = messaging::Publisher::open(*connection, settings).value();
  server.stop();
  support::wait_until("the loss", 5s, [&] { return !connection->is_connected(); });
  REQUIRE(publisher->publish(message("shop.a", 1, "late")).has_value());
  REQUIRE(publisher->flush(5s).has_value());
  CHECK(outcomes.kind_of("late") == FailureKind::connect);
  CHECK(publisher->counts().failed == 1);
}

TEST_CASE_FIXTURE(Fixture, "what is not settled when the publisher ends has failed") {
  Outcomes outcomes;
  auto settings = outcomes.settings();
  settings.batch_delay = 60s;
  auto publisher = messaging::Publisher::open(*connection, settings).value();
  REQUIRE(publisher->publish(message("shop.a", 1, "open")).has_value());
  publisher.reset();
  CHECK(outcomes.kind_of("open") == FailureKind::closed);
}

TEST_CASE_FIXTURE(Fixture, "a message beyond what the nats-server takes is refused at once") {
  auto publisher = messaging::Publisher::open(*connection, {}).value();
  auto out = message("shop.a", 1);
  out.envelope.payload = std::string(1024UL * 1024, 'x');
  CHECK(publisher->publish(std::move(out)).error().kind == FailureKind::too_large);
}

TEST_CASE_FIXTURE(Fixture, "a prefix stands before each subject, and must be one") {
  make_stream();
  messaging::PublisherSettings settings;
  settings.prefix = "shop.eu";
  auto publisher = messaging::Publisher::open(*connection, settings).value();
  REQUIRE(publisher->publish(message("orders", 1)).has_value());
  REQUIRE(publisher->flush(5s).has_value());
  CHECK(server.request("$JS.API.STREAM.MSG.GET.SHOP", R"({"seq":1})").at("message").at("subject") == "shop.eu.orders");
  settings.prefix = "a b";
  CHECK(messaging::Publisher::open(*connection, settings).error().kind == FailureKind::settings);
}

TEST_CASE_FIXTURE(Fixture, "a login that is refused and a server that is away are different failures") {
  nats::ConnectionSettings settings;
  settings.url = "nats://127.0.0.1:1";
  CHECK(messaging::connect(settings, 200ms).error().kind == FailureKind::connect);
  settings.url = "nats://127.0.0.1:4222 nonsense\r\n";
  CHECK(messaging::connect(settings, 200ms).error().kind == FailureKind::settings);
}
