// Which handler a message comes to, and what becomes of those that nobody can handle.
#include <doctest/doctest.h>

#include <random>
#include <stdexcept>
#include <vector>

#include "shared/messaging/handlers.hpp"

using namespace noetl;
using messaging::FailureKind;

namespace {

messaging::Handlers::Raw raw(const std::string& type, int version = 1, const std::string& payload = "{}") {
  return {.subject = "shop.x",
          .reply = {},
          .headers = messaging::headers_of({.type = type, .schema_version = version, .payload = payload}).value(),
          .bytes = payload,
          .position = {}};
}

struct HandlersFixture {
  messaging::Handlers handlers;
  std::vector<std::string> handled;
  std::vector<messaging::Failure> told;

  HandlersFixture() {
    handlers.on("placed", 2, [this](const messaging::Received& message) -> messaging::Result<void> {
      handled.push_back(message.envelope.payload);
      return {};
    });
    handlers.on_failure([this](const messaging::Failure& failed) { told.push_back(failed); });
  }
};

}  // namespace

TEST_CASE_FIXTURE(HandlersFixture, "a message comes to the handler of its type, in each version that it knows") {
  CHECK(handlers.handle(raw("placed", 1, "1")).has_value());
  CHECK(handlers.handle(raw("placed", 2, "2")).has_value());
  CHECK(handled == std::vector<std::string>{"1", "2"});
  CHECK(handlers.counts().handled == 2);
}

TEST_CASE_FIXTURE(HandlersFixture, "types and versions that nobody knows are refused by name and counted") {
  CHECK(handlers.handle(raw("paid")).error().kind == FailureKind::unknown_type);
  CHECK(handlers.handle(raw("placed", 3)).error().kind == FailureKind::unknown_version);
  REQUIRE(told.size() == 2);
  CHECK(told[0].message == "no handler is there for type 'paid'");
  CHECK(told[1].message == "type 'placed' has version 3, known here are those up to 2");
  CHECK(told[1].subject == "shop.x");
  CHECK(handlers.counts().unknown == 2);
  CHECK(handled.empty());
}

TEST_CASE_FIXTURE(HandlersFixture, "a handler for others takes every type that has none") {
  handlers.on_others([this](const messaging::Received& message) -> messaging::Result<void> {
    handled.push_back(message.envelope.type);
    return {};
  });
  CHECK(handlers.handle(raw("paid", 9)).has_value());
  CHECK(handlers.handle(raw("placed", 3)).error().kind == FailureKind::unknown_version);
  CHECK(handled == std::vector<std::string>{"paid"});
}

TEST_CASE_FIXTURE(HandlersFixture, "a filter keeps messages away from their handlers") {
  handlers.keep_only([](const messaging::Received& message) { return message.envelope.payload == "1"; });
  CHECK(handlers.handle(raw("placed", 1, "1")).has_value());
  CHECK(handlers.handle(raw("placed", 1, "2")).has_value());
  CHECK(handled == std::vector<std::string>{"1"});
  CHECK(handlers.counts().filtered == 1);
}

TEST_CASE_FIXTURE(HandlersFixture, "a handler that throws has failed, and the message is worth another try") {
  handlers.on("bad", 1, [](const messaging::Received&) -> messaging::Result<void> { throw std::runtime_error("oh"); });
  const auto failed = handlers.handle(raw("bad"));
  CHECK(failed.error().kind == FailureKind::handler);
  CHECK(failed.error().message == "handler of 'bad': oh");
  CHECK(failed.error().is_worth_another_try());
  CHECK(handlers.counts().failed == 1);
}

TEST_CASE_FIXTURE(HandlersFixture, "whoever is told of a failure may throw") {
  handlers.on_failure([](const messaging::Failure&) { throw std::runtime_error("oh"); });
  CHECK(handlers.handle(raw("paid")).error().kind == FailureKind::unknown_type);
}

TEST_CASE_FIXTURE(HandlersFixture, "whatever bytes stand in headers and payload, each message is handled or counted") {
  std::mt19937 random(7);  // NOLINT: the same each time
  const auto text = [&](std::size_t most) {
    std::string made(random() % most, ' ');
    for (char& c : made) c = static_cast<char>(random() % 256);
    return made;
  };
  constexpr int rounds = 3000;
  for (int i = 0; i < rounds; ++i) {
    auto message = raw("placed");
    auto& [name, value] = message.headers[random() % message.headers.size()];
    switch (random() % 4) {
      case 0: value = text(200); break;
      case 1: name = text(20); break;
      case 2: message.bytes = text(2000); break;
      default: message.headers.clear();
    }
    static_cast<void>(handlers.handle(std::move(message)));
  }
  const auto counts = handlers.counts();
  CHECK(counts.handled + counts.corrupt + counts.unknown == rounds);
  CHECK(counts.corrupt > rounds / 2);
}
