// What the process counts of its messages on NATS.
#include <doctest/doctest.h>

#include "shared/nats/connection.hpp"
#include "shared/nats/jetstream.hpp"
#include "shared/nats/traffic/traffic.hpp"
#include "tests/support/nats_server.hpp"

using namespace noetl;
using namespace std::chrono_literals;

TEST_CASE("a subject belongs to what it begins with, token by token") {
  const auto family = [](std::string_view subject) { return nats::families[nats::family_of(subject)]; };
  CHECK(family("noetl.commands") == "noetl.commands");
  CHECK(family("noetl.commands.gpu.lane1") == "noetl.commands");
  CHECK(family("noetl.commandsX") == "other");
  CHECK(family("$JS.ACK.NOETL_COMMANDS.c.1.2.3.4.5") == "$JS.ACK");
  CHECK(family("_INBOX_server.abc.1") == "_INBOX");
  CHECK(family("") == "other");
  CHECK(family("anything.else") == "other");
}

TEST_CASE(
    "messages are counted when they are sent and received, with their size, their lag and the open subscriptions") {
  const support::NatsServer server;
  nats::ConnectionSettings settings;
  settings.url = server.url();
  const auto connection = nats::Connection::open(settings).value();
  REQUIRE(connection->wait_connected(5s));
  auto& counts = nats::traffic();
  const auto& dead = counts.by_family()[nats::family_of("noetl.dead")];
  const auto published = dead.published.load(), received = dead.received.load(), bytes = dead.sizes.sum.load();
  const auto lags = [&] {
    std::uint64_t all = 0;
    for (const auto& count : counts.lags().counts) all += count;
    return all;
  };
  const auto lags_before = lags();
  const auto open = counts.subscriptions();

  nats::JetStream jetstream(*connection);
  REQUIRE(jetstream.ensure_stream({.name = "LETTERS", .subjects = {"noetl.dead.>"}}).has_value());
  REQUIRE(jetstream.ensure_consumer("LETTERS", {.durable = "reader", .filter_subject = "noetl.dead.>"}).has_value());
  {
    const std::shared_ptr<const nats::Connection> answers_on(std::shared_ptr<void>(), connection.get());
    const auto pull = jetstream.pull({.stream = "LETTERS", .durables = {"reader"}, .answers_on = answers_on}).value();
    CHECK(counts.subscriptions() == open + 1);
    REQUIRE(jetstream.publish(nats::Subject::parse("noetl.dead.default").value(), std::string(300, 'x')).has_value());
    REQUIRE(pull->fetch(1, 5s).value().size() == 1);
  }
  CHECK(counts.subscriptions() == open);
  CHECK(dead.published == published + 1);
  CHECK(dead.received == received + 1);
  CHECK(dead.sizes.sum == bytes + 600);
  CHECK(lags() == lags_before + 1);
}
