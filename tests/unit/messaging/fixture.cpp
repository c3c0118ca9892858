#include "tests/unit/messaging/fixture.hpp"

#include <doctest/doctest.h>

#include "tests/support/subject.hpp"

namespace noetl::messaging::test {

using namespace std::chrono_literals;

std::shared_ptr<nats::Connection> Fixture::open() const {
  nats::ConnectionSettings settings;
  settings.url = server.url();
  settings.reconnect_delay = 20ms;
  settings.reconnect_delay_max = 40ms;
  auto connected = connect(settings);
  REQUIRE(connected.has_value());
  return *connected;
}

void Fixture::make_stream(const std::string& extra) const {
  const auto made = server.request(
      "$JS.API.STREAM.CREATE.SHOP",
      R"({"name":"SHOP","subjects":["shop.>"],"storage":"file","retention":"limits","num_replicas":1)" + extra + "}");
  REQUIRE_FALSE(made.contains("error"));
}

void Fixture::remove_stream() const { REQUIRE(server.request("$JS.API.STREAM.DELETE.SHOP").value("success", false)); }

OutMessage Fixture::message(const std::string& subject, int number, const std::string& id, const std::string& type) {
  return {.subject = support::subject(subject),
          .envelope = json_envelope(type, {{"n", number}}),
          .event = {.id = id},
          .more = {{"Shop-Mark", std::to_string(number)}},
          .expected_last_sequence = {}};
}

void Fixture::publish(const std::string& subject, int from, int to) const {
  auto publisher = Publisher::open(*connection, {}).value();
  for (int number = from; number <= to; ++number) REQUIRE(publisher->publish(message(subject, number)).has_value());
  REQUIRE(publisher->flush(10s).has_value());
  REQUIRE(publisher->counts().published == static_cast<std::uint64_t>(to - from + 1));
}

nlohmann::json Fixture::stream_state() const { return server.request("$JS.API.STREAM.INFO.SHOP").at("state"); }

int number_of(const Envelope& envelope) { return envelope.json().value().at("n").get<int>(); }

}  // namespace noetl::messaging::test
