// An event as a message.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/feed/event_message.hpp"

using namespace noetl;
using messaging::FailureKind;
using nlohmann::json;

namespace {

store::FeedEvent event_of(const std::string& type) {
  store::FeedEvent event;
  event.row.event_id = {77};
  event.row.execution_id = {5};
  event.row.queue_id = {6};
  event.row.event_type = type;
  event.row.step = "load";
  event.row.status = "completed";
  event.row.payload = R"({"result":{"rows":3}})";
  event.row.meta = R"({"duration_us":12,"issued":[{"queue_id":"9"}],"results":[["load","4"]],"sequence":3})";
  event.row.created_at = "2026-01-02T03:04:05.000006Z";
  event.path = "etl/orders";
  return event;
}

std::string header(const messaging::OutMessage& message, const std::string& name) {
  const auto found = std::ranges::find_if(message.more, [&](const auto& one) { return one.first == name; });
  return found == message.more.end() ? "" : found->second;
}

constexpr std::size_t much = 100'000;

}  // namespace

TEST_CASE("an event is a message under its playbook's path and its type, without what the log keeps for itself") {
  const feed::FeedPosition position{.event_id = 77};
  const auto message = feed::message_of("noetl.events", event_of("command.completed"), position, much).value();
  CHECK(message.subject.text() == "noetl.events.etl/orders.command.completed");
  CHECK(message.envelope.type == "command.completed");
  CHECK(message.event == messaging::EventHeaders{.id = "77",
                                                 .correlation_id = "5",
                                                 .causation_id = "6",
                                                 .aggregate_id = "5",
                                                 .timestamp = "2026-01-02T03:04:05.000006Z",
                                                 .domain = "noetl"});
  CHECK(header(message, "Noetl-Position") == position.text());
  const auto body = message.envelope.json().value();
  CHECK(body.at("event_id") == "77");
  CHECK(body.at("payload") == json{{"result", {{"rows", 3}}}});
  CHECK(body.at("meta") == json{{"duration_us", 12}});
}

TEST_CASE("a payload that NATS does not take is left out, and the message says so") {
  auto event = event_of("command.completed");
  event.row.payload = R"({"result":")" + std::string(5000, 'x') + "\"}";
  const auto message = feed::message_of("noetl.events", event, {}, 4000).value();
  CHECK(message.envelope.payload.size() < 1000);
  CHECK(message.envelope.json().value().at("payload").is_null());
  CHECK(header(message, "Noetl-Omitted") == "payload");
}

TEST_CASE("whatever type and path a client has chosen, the event has a subject and a type") {
  const auto subject = [](const std::string& path, const std::string& type) {
    auto event = event_of(type);
    event.path = path;
    const auto message = feed::message_of("noetl.events", event, {}, much).value();
    CHECK(messaging::headers_of(message.envelope).has_value());
    return message.subject.text();
  };
  CHECK(subject("a.b", "x") == "noetl.events.a%2Eb.x");
  CHECK(subject("", "note") == "noetl.events.%.note");
  CHECK(subject("a", "my note>*") == "noetl.events.a.my%20note%3E%2A");
  CHECK(subject("a", "") == "noetl.events.a.%");
  CHECK(subject("a", std::string(300, 'x')) == "noetl.events.a." + std::string(128, 'x'));
}

TEST_CASE("a prefix of one token is refused") {
  CHECK(feed::subject_of_event("events", "a", "b").error().kind == FailureKind::settings);
  CHECK(feed::subject_of_event("a b.c", "a", "b").error().kind == FailureKind::settings);
  CHECK(feed::subject_of_event("my.own.events", "a", "b").value().text() == "my.own.events.a.b");
}
