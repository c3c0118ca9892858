#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "shared/nats/connection.hpp"
#include "shared/nats/jetstream.hpp"
#include "shared/nats/publisher.hpp"
#include "tests/support/nats_server.hpp"
#include "tests/support/subject.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using base::ErrorCode;
using support::subject;

namespace {

nats::ConnectionSettings settings_of(const std::string& url) {
  nats::ConnectionSettings settings;
  settings.url = url;
  settings.reconnect_delay = 20ms;
  settings.reconnect_delay_max = 40ms;
  settings.sends_asap = true;
  return settings;
}

// A server, a connection, and a stream with one consumer.
struct Fixture {
  support::NatsServer server;
  std::shared_ptr<nats::Connection> connection{open()};
  nats::JetStream jetstream{*connection};
  const nats::StreamSettings stream{.name = "NOETL_COMMANDS", .subjects = {"noetl.commands", "noetl.commands.>"}};
  const nats::ConsumerSettings consumer{.durable = "noetl-worker-pool", .filter_subject = "noetl.commands"};

  Fixture() { make(); }

  std::shared_ptr<nats::Connection> open() const {
    auto opened = nats::Connection::open(settings_of(server.url()));
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }
  void make() {
    REQUIRE(jetstream.ensure_stream(stream).has_value());
    REQUIRE(jetstream.ensure_consumer(stream.name, consumer).has_value());
  }
  std::unique_ptr<nats::PullSubscription> pull() {
    auto subscription =
        jetstream.pull({.stream = stream.name, .durables = {consumer.durable}, .answers_on = connection});
    REQUIRE(subscription.has_value());
    return std::move(*subscription);
  }
  nats::ConsumerState state() { return jetstream.find_consumer(stream.name, consumer.durable).value(); }
};

// Fetches until one is there: a redelivery comes when the server finds it due.
nats::Message next_message(nats::PullSubscription& subscription) {
  for (int round = 0; round < 20; ++round) {
    auto messages = subscription.fetch(1, 500ms);
    REQUIRE(messages.has_value());
    if (!messages->empty()) return std::move(messages->front());
  }
  FAIL("no message came");
  throw std::runtime_error("unreachable");
}

}  // namespace

TEST_CASE("streams and consumers are created once with NoETL v1's configuration, then adopted") {
  Fixture nats;

  const auto again = nats.jetstream.ensure_stream(nats.stream).value();
  const auto consumer_again = nats.jetstream.ensure_consumer(nats.stream.name, nats.consumer).value();

  CHECK_FALSE(again.is_new);
  CHECK(again.drift.empty());
  CHECK_FALSE(consumer_again.is_new);
  CHECK(consumer_again.drift.empty());
  const auto shown = nats.server.request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS.noetl-worker-pool");
  CHECK(shown["config"]["ack_policy"] == "explicit");
  CHECK(shown["config"]["ack_wait"] == 30'000'000'000);
  CHECK(shown["config"]["max_deliver"] == 3);
  CHECK(shown["config"]["max_ack_pending"] == 20'000);
  const auto stream = nats.server.request("$JS.API.STREAM.INFO.NOETL_COMMANDS");
  CHECK(stream["config"]["storage"] == "file");
  CHECK(stream["config"]["retention"] == "limits");
  CHECK(stream["config"]["max_age"] == 3'600'000'000'000);
}

TEST_CASE("a stream that somebody configured otherwise is kept, and the difference is told") {
  Fixture nats;
  nats::StreamSettings other = nats.stream;
  other.max_age = 7200s;
  other.subjects.push_back("noetl.more");

  const auto state = nats.jetstream.ensure_stream(other).value();

  CHECK_FALSE(state.is_new);
  CHECK(state.drift.size() == 2);
  CHECK(nats.server.request("$JS.API.STREAM.INFO.NOETL_COMMANDS")["config"]["max_age"] == 3'600'000'000'000);
}

TEST_CASE(
    "a consumer that nobody but us makes gets the bounds of this release, whatever it waits for; others are "
    "kept") {
  Fixture nats;
  nats::ConsumerSettings settings{.durable = "ours", .filter_subject = "noetl.commands", .is_kept_up = true};
  REQUIRE(nats.jetstream.ensure_consumer(nats.stream.name, settings).has_value());
  REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "waits").has_value());
  settings.deliveries_max = 500;

  const auto state = nats.jetstream.ensure_consumer(nats.stream.name, settings).value();

  CHECK(state.drift.empty());
  CHECK(state.waiting == 1);
  CHECK(nats.server.request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS.ours")["config"]["max_deliver"] == 500);

  settings.is_kept_up = false;
  settings.deliveries_max = 7;
  CHECK(nats.jetstream.ensure_consumer(nats.stream.name, settings).value().drift.size() == 1);
}

TEST_CASE("messages are fetched in batches, and acked ones never come again") {
  Fixture nats;
  for (int i = 0; i < 10; ++i)
    REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "m" + std::to_string(i)).has_value());
  const auto subscription = nats.pull();

  const auto messages = subscription->fetch(100, 1s).value();

  REQUIRE(messages.size() == 10);
  CHECK(messages[3].bytes() == "m3");
  CHECK(messages[3].num_delivered() == 1);
  CHECK(messages[3].subject() == "noetl.commands");
  for (const auto& message : messages) CHECK(message.ack());
  support::wait_until("all acks arrived", 5s, [&] { return nats.state().acks_pending == 0; });
  CHECK(nats.state().waiting == 0);
  CHECK(subscription->fetch(1, 50ms).value().empty());
}

TEST_CASE("several consumers are asked at once, each for so many; what was asked for and did not come stays open") {
  Fixture nats;
  const nats::ConsumerSettings later{.durable = "noetl-worker-pool:lane1",
                                     .filter_subject = "noetl.commands.default.lane1"};
  REQUIRE(nats.jetstream.ensure_consumer(nats.stream.name, later).has_value());
  for (int i = 0; i < 10; ++i) {
    REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "a").has_value());
    REQUIRE(nats.jetstream.publish(subject("noetl.commands.default.lane1"), "b").has_value());
  }
  const auto pull = nats.jetstream
                        .pull({.stream = nats.stream.name,
                               .durables = {nats.consumer.durable, later.durable},
                               .answers_on = nats.connection})
                        .value();

  const auto some = pull->fetch({4, 3}, 0ms).value();
  CHECK(std::ranges::count_if(some, [](const auto& one) { return one.source() == 0 && one.bytes() == "a"; }) == 4);
  CHECK(std::ranges::count_if(some, [](const auto& one) { return one.source() == 1 && one.bytes() == "b"; }) == 3);
  CHECK(some.back().num_pending() > 0);
  CHECK(pull->asked() == 0);

  std::size_t rest = 0;  // whoever waits is given what comes first, and the others' answers with the next question
  while (rest < 13) rest += pull->fetch({100, 100}, 1s).value().size();
  while (pull->asked() > 0) CHECK(pull->fetch({0, 0}, 100ms).value().empty());
  CHECK(pull->fetch({2, 1}, 0ms).value().empty());
  CHECK(pull->asked() == 0);

  CHECK(pull->fetch({2, 1}, 20ms).value().empty());
  while (pull->asked() > 0) CHECK(pull->fetch({0, 0}, 100ms).value().empty());  // it is told that they have ended
  REQUIRE(nats.jetstream.publish(subject("noetl.commands.default.lane1"), "c").has_value());
  std::vector<nats::Message> last;
  while (last.empty()) last = pull->fetch({2, 1}, 5s).value();
  CHECK(last.size() == 1);
  CHECK(last.front().bytes() == "c");
  CHECK(pull->asked(0) == 2);  // the first consumer may still answer

  REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "d").has_value());
  auto late = pull->fetch({0, 0}, 5s).value();
  REQUIRE(late.size() == 1);
  CHECK(late.front().bytes() == "d");
  CHECK(pull->close().empty());
}

TEST_CASE("a question that waits for a first message holds up nobody who asks for what is there") {
  Fixture nats;
  const nats::ConsumerSettings later{.durable = "noetl-worker-pool:lane1",
                                     .filter_subject = "noetl.commands.default.lane1"};
  REQUIRE(nats.jetstream.ensure_consumer(nats.stream.name, later).has_value());
  const auto pull = nats.jetstream
                        .pull({.stream = nats.stream.name,
                               .durables = {nats.consumer.durable, later.durable},
                               .answers_on = nats.connection})
                        .value();
  REQUIRE(nats.jetstream.publish(subject("noetl.commands.default.lane1"), "b").has_value());
  REQUIRE(pull->fetch({5, 1}, 20s)->size() == 1);
  REQUIRE(pull->asked(0) == 5);

  const auto begin = std::chrono::steady_clock::now();
  CHECK(pull->fetch({1, 1}, 0ms)->empty());

  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("what was requested early comes with the next fetch, whatever that asks for") {
  Fixture nats;
  for (int i = 0; i < 5; ++i) REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "x").has_value());
  const auto pull = nats.pull();

  pull->request_next({3});
  CHECK(pull->asked() == 3);
  CHECK(pull->fetch({0}, 0ms)->size() == 3);
  CHECK(pull->asked() == 0);
  pull->request_next({3});
  CHECK(pull->fetch({0}, 0ms)->size() == 2);
  pull->request_next({3});
  CHECK(pull->fetch({0}, 0ms)->empty());  // told that there is nothing
  CHECK(pull->asked() == 0);
}

TEST_CASE("a nak brings the message again, in-progress keeps it, and term ends it") {
  Fixture nats;
  REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "x").has_value());
  const auto subscription = nats.pull();

  CHECK(next_message(*subscription).nak(10ms));
  const nats::Message second = next_message(*subscription);

  CHECK(second.num_delivered() == 2);
  CHECK(second.in_progress());
  CHECK(nats.state().acks_pending == 1);
  CHECK(second.term());
  support::wait_until("the term arrived", 5s, [&] { return nats.state().acks_pending == 0; });
  CHECK(subscription->fetch(1, 50ms).value().empty());
}

TEST_CASE("a message id that was used is stored once") {
  Fixture nats;
  REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "a", "7:1:0").has_value());
  REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "a", "7:1:0").has_value());
  REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "a", "7:1:1").has_value());
  CHECK(nats.jetstream.find_stream("NOETL_COMMANDS")->messages == 2);
}

TEST_CASE("a deleted consumer or stream is named as vanished") {
  Fixture nats;
  const auto subscription = nats.pull();

  REQUIRE(nats.jetstream.remove_consumer(nats.stream.name, nats.consumer.durable).has_value());
  const auto without_consumer = subscription->fetch(1, 300ms);
  REQUIRE_FALSE(without_consumer.has_value());
  CHECK(without_consumer.error().code == ErrorCode::not_found);
  CHECK(without_consumer.error().message.find("noetl-worker-pool") != std::string::npos);

  REQUIRE(nats.jetstream.remove_stream(nats.stream.name).has_value());
  CHECK(nats.jetstream.find_stream(nats.stream.name).error().code == ErrorCode::not_found);
  CHECK(nats.jetstream
            .pull({.stream = nats.stream.name, .durables = {"noetl-worker-pool"}, .answers_on = nats.connection})
            .error()
            .code == ErrorCode::not_found);
}

TEST_CASE("a consumer deleted while a fetch waits ends the fetch at once") {
  Fixture nats;
  const auto subscription = nats.pull();
  const auto begin = std::chrono::steady_clock::now();
  const std::jthread deleter([&] {
    support::wait_until("the fetch waits", 5s, [&] {
      return nats.server.request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS.noetl-worker-pool")["num_waiting"] == 1;
    });
    static_cast<void>(nats.server.request("$JS.API.CONSUMER.DELETE.NOETL_COMMANDS.noetl-worker-pool"));
  });

  const auto fetched = subscription->fetch(1, 20s);

  REQUIRE_FALSE(fetched.has_value());
  CHECK(fetched.error().code == ErrorCode::not_found);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("asynchronous publishes are counted as the server answers them") {
  Fixture nats;
  nats::Publisher publisher(*nats.connection);
  for (int i = 0; i < 1000; ++i) REQUIRE(publisher.publish(subject("noetl.commands"), "x", std::to_string(i)));
  CHECK(publisher.wait_answered(5s));
  CHECK(publisher.counts().accepted == 1000);
  CHECK(nats.jetstream.find_stream("NOETL_COMMANDS")->messages == 1000);

  REQUIRE(nats.jetstream.remove_stream(nats.stream.name).has_value());
  REQUIRE(publisher.publish(subject("noetl.commands"), "x", "lost"));
  CHECK(publisher.wait_answered(5s));
  CHECK(publisher.counts().failed == 1);
}

TEST_CASE("a server that stops and starts again is found again with what it stored") {
  Fixture nats;
  REQUIRE(nats.jetstream.publish(subject("noetl.commands"), "kept").has_value());
  const auto subscription = nats.pull();
  nats::Publisher publisher(*nats.connection);

  nats.server.stop();
  support::wait_until("the loss is noticed", 10s, [&] { return !nats.connection->is_connected(); });
  CHECK_FALSE(publisher.publish(subject("noetl.commands"), "x", "1"));
  CHECK(publisher.counts().failed == 1);
  nats.server.start();
  support::wait_until("the connection is back", 10s, [&] { return nats.connection->is_connected(); });

  CHECK(nats.connection->connection_count() == 2);
  CHECK(next_message(*subscription).bytes() == "kept");
}

TEST_CASE("a connection opens while the server is away and connects when it comes") {
  support::NatsServer server;
  server.stop();
  auto opened = nats::Connection::open(settings_of(server.url()));
  REQUIRE(opened.has_value());
  CHECK_FALSE((*opened)->is_connected());

  server.start();

  CHECK((*opened)->wait_connected(10s));
}

TEST_CASE("settings that can never work are refused, without the password in the text") {
  CHECK_FALSE(nats::Connection::open(settings_of("")).has_value());
  nats::ConnectionSettings without_file = settings_of("nats://127.0.0.1:1");
  without_file.tls_ca_file = "/nowhere/ca.pem";
  CHECK_FALSE(nats::Connection::open(without_file).has_value());
  const auto refused = nats::Connection::open(settings_of("nats://me:secret@127.0.0.1:notaport"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("secret") == std::string::npos);
}

TEST_CASE("plain publish, subscribe and request work beside JetStream") {
  Fixture nats;
  const auto subscription = nats.connection->subscribe(subject("echo")).value();
  const std::jthread echo([&] {
    const nats::ThreadScope scope;
    const auto message = subscription->next(5s).value();
    if (message) CHECK(nats.connection->publish(subject(message->reply), "again " + message->bytes).has_value());
  });
  CHECK(nats.connection->request(subject("echo"), "hello", 5s).value() == "again hello");
  CHECK(nats.connection->request(subject("nobody"), "hello", 1s).error().message.find("nobody") != std::string::npos);
}
