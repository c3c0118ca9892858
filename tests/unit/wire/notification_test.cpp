#include <doctest/doctest.h>

#include <random>

#include "shared/wire/notification.hpp"

using namespace noetl;

namespace {
const wire::Notification sample{.execution_id = base::ExecutionId{12345678901234},
                                .queue_ids = {base::CommandId{98765432109876}},
                                .step = "say \"hello\"\n",
                                .server_url = "http://localhost:8082"};
}

TEST_CASE("a notification survives encoding, and is small") {
  const std::string bytes = wire::encode(sample);
  const auto decoded = wire::decode_notification(bytes).value();

  CHECK(decoded.execution_id == sample.execution_id);
  CHECK(decoded.queue_ids == sample.queue_ids);
  CHECK(decoded.step == sample.step);
  CHECK(decoded.server_url == sample.server_url);
  CHECK(bytes.size() < 150);
}

TEST_CASE("a notification of several commands names the first where one of a single command does") {
  wire::Notification several = sample;
  several.queue_ids = {base::CommandId{7}, base::CommandId{8}, base::CommandId{9223372036854775807}};
  const std::string bytes = wire::encode(several);

  CHECK(wire::decode_notification(bytes)->queue_ids == several.queue_ids);
  CHECK(bytes.find(R"("queue_id":"7")") != std::string::npos);
  several.queue_ids.resize(wire::notification_commands_max, base::CommandId{9223372036854775807});
  several.step = std::string(100'000, '\x01');
  several.server_url = std::string(200, 'x');
  CHECK(wire::encode(several).size() <= wire::notification_bytes_max);
  CHECK(wire::decode_notification(wire::encode(several))->queue_ids == several.queue_ids);
}

TEST_CASE("a notification says that its command was dispatched directly, and nothing when it was not") {
  wire::Notification notification{
      .execution_id = {}, .queue_ids = {base::CommandId{5}}, .step = "noop", .server_url = "http://x"};
  CHECK(wire::encode(notification).find("dispatched") == std::string::npos);
  CHECK_FALSE(wire::decode_notification(wire::encode(notification))->is_dispatched);
  notification.is_dispatched = true;
  CHECK(wire::decode_notification(wire::encode(notification))->is_dispatched);
  CHECK_FALSE(wire::decode_notification(R"({"queue_id":"5","dispatched":"yes"})")->is_dispatched);
}

TEST_CASE("a notification says the priority of its commands, and nothing when it is 0") {
  wire::Notification notification = sample;
  CHECK(wire::encode(notification).find("priority") == std::string::npos);
  notification.priority = -100;
  CHECK(wire::decode_notification(wire::encode(notification))->priority == -100);
  for (const char* odd :
       {R"({"queue_id":"5","priority":101})", R"({"queue_id":"5","priority":"7"})", R"({"queue_id":"5"})"})
    CHECK(wire::decode_notification(odd)->priority == 0);
}

TEST_CASE("ids may be numbers or strings, and unknown fields are ignored") {
  const auto decoded = wire::decode_notification(R"({"queue_id":7,"execution_id":"0","extra":[1,2]})").value();
  CHECK(decoded.queue_ids == std::vector{base::CommandId{7}});
  CHECK_FALSE(decoded.execution_id.is_set());
}

TEST_CASE("a step of any length leaves the notification within its bound") {
  wire::Notification huge = sample;
  huge.step = std::string(100'000, '\x01');
  CHECK(wire::encode(huge).size() <= wire::notification_bytes_max);
}

TEST_CASE("what is no notification is refused") {
  for (const std::string bytes :
       {"", "hello", "[]", "7", "null", "{}", R"({"queue_id":0})", R"({"queue_id":-1})", R"({"queue_id":"x"})",
        R"({"queue_id":1.5})", R"({"queue_id":[1]})", R"({"queue_id":"9223372036854775808"})",
        R"({"queue_id":1,"execution_id":{}})", R"({"queue_id":1,"queue_ids":[]})",
        R"({"queue_id":1,"queue_ids":[1,0]})", R"({"queue_id":1,"queue_ids":{"a":1}})", "\xff\xfe"}) {
    CAPTURE(bytes);
    const auto decoded = wire::decode_notification(bytes);
    REQUIRE_FALSE(decoded.has_value());
    CHECK(decoded.error().code == base::ErrorCode::malformed_body);
  }
  CHECK_FALSE(wire::decode_notification(std::string(wire::notification_bytes_max + 1, ' ')).has_value());
}

TEST_CASE("mutated notifications are read or refused, never worse") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::minstd_rand random(seed);
  const std::string original = wire::encode(sample);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = original;
    for (int changes = 0; changes < 3; ++changes) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0: bytes[at] = static_cast<char>(random() % 256); break;
        case 1: bytes.erase(at, 1 + random() % 4); break;
        default: bytes.insert(at, 1, static_cast<char>(random() % 256)); break;
      }
      if (bytes.empty()) bytes.push_back('x');
    }
    const auto decoded = wire::decode_notification(bytes);
    if (decoded) CHECK(decoded->queue_ids.front().value > 0);
  }
}
