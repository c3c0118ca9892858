// What a message says about its payload, and what is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "shared/messaging/event_headers.hpp"
#include "shared/messaging/subject_map.hpp"

using namespace noetl;
using messaging::Encoding;
using messaging::FailureKind;
using messaging::Headers;

namespace {

const messaging::Envelope order{
    .type = "order.placed", .schema_version = 3, .encoding = Encoding::json, .payload = R"({"total":5})"};

Headers with(Headers headers, const std::string& name, const std::string& value) {
  for (auto& [known, old] : headers) {
    if (known == name) old = value;
  }
  return headers;
}

Headers without(Headers headers, const std::string& name) {
  std::erase_if(headers, [&](const auto& header) { return header.first == name; });
  return headers;
}

FailureKind refusal(const Headers& headers, const std::string& payload = order.payload) {
  const auto opened = messaging::open_envelope(headers, payload);
  REQUIRE_FALSE(opened.has_value());
  return opened.error().kind;
}

}  // namespace

TEST_CASE("an envelope travels in the headers and opens as it was") {
  const auto headers = messaging::headers_of(order);
  REQUIRE(headers.has_value());
  CHECK(*headers == Headers{{"Noetl-Envelope", "1"},
                            {"X-Event-Type", "order.placed"},
                            {"Noetl-Schema", "3"},
                            {"Noetl-Encoding", "json"},
                            {"Noetl-Checksum", "crc32:71a7ed37"}});
  const auto opened = messaging::open_envelope(*headers, order.payload);
  REQUIRE(opened.has_value());
  CHECK(*opened == order);
  CHECK(opened->json().value() == nlohmann::json{{"total", 5}});
}

TEST_CASE("the checksum is CRC-32 as zlib, Python's zlib.crc32 and gzip have it") {
  CHECK(messaging::checksum_of("123456789") == "crc32:cbf43926");
  CHECK(messaging::checksum_of("") == "crc32:00000000");
}

TEST_CASE("what is wrong with an envelope is refused by name") {
  const auto headers = messaging::headers_of(order).value();
  CHECK(refusal(with(headers, "Noetl-Envelope", "2")) == FailureKind::unknown_version);
  CHECK(refusal(with(headers, "Noetl-Envelope", "one")) == FailureKind::serialization);
  CHECK(refusal(with(headers, "Noetl-Schema", "0")) == FailureKind::serialization);
  CHECK(refusal(with(headers, "Noetl-Schema", "99999999999999999999")) == FailureKind::serialization);
  CHECK(refusal(with(headers, "Noetl-Encoding", "protobuf")) == FailureKind::serialization);
  CHECK(refusal(with(headers, "X-Event-Type", "a b")) == FailureKind::serialization);
  CHECK(refusal(with(headers, "X-Event-Type", std::string(129, 'a'))) == FailureKind::serialization);
  CHECK(refusal(with(headers, "Noetl-Checksum", "crc32:00000000")) == FailureKind::checksum);
  CHECK(refusal(headers, R"({"total":6})") == FailureKind::checksum);
  for (const auto& [name, value] : headers) {
    CHECK(refusal(without(headers, name)) ==
          (name == "Noetl-Checksum" ? FailureKind::checksum : FailureKind::serialization));
  }
  CHECK(refusal({}) == FailureKind::serialization);
  const auto unknown = messaging::open_envelope(with(headers, "Noetl-Envelope", "7"), order.payload);
  CHECK(unknown.error().message == "envelope version 7 is not known here, only 1");
}

TEST_CASE("an envelope without a type is not published") {
  for (const auto* type : {"", "a b", "line\nbreak", "ä"}) {
    CHECK(messaging::headers_of({.type = type, .payload = ""}).error().kind == FailureKind::serialization);
  }
  CHECK(messaging::headers_of({.type = "a", .schema_version = 0, .payload = ""}).error().kind ==
        FailureKind::serialization);
}

TEST_CASE("a payload that is no JSON, or too deep, is a failure and no crash") {
  const auto json_of = [](std::string text) {
    return messaging::Envelope{.type = "t", .schema_version = 1, .encoding = Encoding::json, .payload = std::move(text)}
        .json();
  };
  CHECK(json_of("{").error().kind == FailureKind::serialization);
  CHECK(json_of("").error().kind == FailureKind::serialization);
  CHECK(json_of("\xff\xfe").error().kind == FailureKind::serialization);
  CHECK(json_of(std::string(100'000, '[')).error().kind == FailureKind::serialization);
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(json_of(nested(messaging::json_depth_max)).has_value());
  CHECK(json_of(nested(messaging::json_depth_max + 1)).error().kind == FailureKind::serialization);
  CHECK(messaging::Envelope{.type = "t", .encoding = Encoding::bytes, .payload = "{}"}.json().error().kind ==
        FailureKind::serialization);
}

TEST_CASE("the standard headers are written, read back, and checked") {
  const messaging::EventHeaders event{.id = "17",
                                      .correlation_id = "corr",
                                      .causation_id = "16",
                                      .aggregate_id = "order-5",
                                      .timestamp = "2026-01-02T03:04:05Z",
                                      .domain = "shop",
                                      .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
  Headers headers;
  REQUIRE(messaging::add_to(headers, event).has_value());
  CHECK(headers.size() == 7);
  CHECK(headers.front() == std::pair<std::string, std::string>("X-Event-ID", "17"));
  CHECK(messaging::event_headers_of(headers) == event);

  Headers none;
  CHECK(messaging::add_to(none, {.id = "a\r\nX-Domain: b"}).error().kind == FailureKind::serialization);
  CHECK(messaging::add_to(none, {.id = std::string(513, 'a')}).error().kind == FailureKind::serialization);
  CHECK(messaging::add_to(none, {.traceparent = "00-zz"}).error().kind == FailureKind::serialization);
  CHECK(none.empty());
  // Of a stranger: left out.
  CHECK(messaging::event_headers_of(
            {{"traceparent", "garbage"}, {"x-event-id", "5"}, {"X-Domain", std::string(600, 'd')}}) ==
        messaging::EventHeaders{.id = "5"});
}

TEST_CASE("a traceparent has two ids that are not zero") {
  CHECK(messaging::is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  CHECK_FALSE(messaging::is_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
  CHECK_FALSE(messaging::is_traceparent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"));
  CHECK_FALSE(messaging::is_traceparent("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"));
  CHECK_FALSE(messaging::is_traceparent(""));
}

TEST_CASE("a subject is made of domain, type, aggregate and action") {
  const auto text = [](const messaging::SubjectParts& parts) { return messaging::subject_of(parts).value().text(); };
  CHECK(text({"noetl", "events", "etl/orders", "playbook.completed"}) == "noetl.events.etl/orders.playbook.completed");
  CHECK(text({"noetl", "events", "a.b c>*%", "x"}) == "noetl.events.a%2Eb%20c%3E%2A%25.x");
  CHECK(text({"noetl", "events", "ä", "x"}) == "noetl.events.%C3%A4.x");
  CHECK(text({"noetl", "events", "", "x"}) == "noetl.events.%.x");
  CHECK(messaging::subject_of({"no etl", "events", "a", "x"}).error().kind == FailureKind::settings);
  CHECK(messaging::subject_of({"noetl", "events", "a", ""}).error().kind == FailureKind::settings);
  CHECK(messaging::subject_of({"noetl", "events", std::string(2000, 'a'), "x"}).error().kind == FailureKind::settings);
}

TEST_CASE("a filter takes what NATS would give it") {
  CHECK(messaging::takes(">", "a.b"));
  CHECK(messaging::takes("a.>", "a.b.c"));
  CHECK(messaging::takes("a.*.c", "a.b.c"));
  CHECK(messaging::takes("a.b", "a.b"));
  CHECK_FALSE(messaging::takes("a.>", "a"));
  CHECK_FALSE(messaging::takes("a.*", "a.b.c"));
  CHECK_FALSE(messaging::takes("a.*.c", "a.b.d"));
  CHECK_FALSE(messaging::takes("a.b.c", "a.b"));
}
