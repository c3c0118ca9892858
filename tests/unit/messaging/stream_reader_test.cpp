// StreamReader: each message once and in order, from a checkpoint, whatever happens in between.
#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>

#include "shared/messaging/checkpoints/key_value_checkpointer.hpp"
#include "shared/messaging/stream_reader.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/messaging/fixture.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using messaging::FailureKind;
using messaging::test::Fixture;
using messaging::test::number_of;

namespace {

struct ReaderFixture : Fixture {
  std::mutex mutex;
  std::vector<int> numbers;
  std::vector<FailureKind> failures;
  messaging::Handlers handlers;
  std::unique_ptr<messaging::KeyValueCheckpointer> checkpoints =
      messaging::KeyValueCheckpointer::open(*connection, "checkpoints").value();

  ReaderFixture() {
    make_stream();
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
  static messaging::StreamReaderSettings settings() {
    messaging::StreamReaderSettings made;
    made.stream = "SHOP";
    made.name = "billing";
    made.mark_header = "Shop-Mark";
    made.retry.initial = 20ms;
    made.retry.delay_max = 200ms;
    return made;
  }
  [[nodiscard]] std::unique_ptr<messaging::StreamReader> read(messaging::StreamReaderSettings wanted = settings()) {
    auto opened = messaging::StreamReader::open(connection, std::move(wanted), *checkpoints, handlers);
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }
  void wait_for(std::size_t count) {
    support::wait_until(std::to_string(count) + " messages", 20s, [&] {
      const std::lock_guard lock(mutex);
      return numbers.size() >= count;
    });
  }
  // from … to and nothing else.
  void check_numbers(int from, int to) {
    const std::lock_guard lock(mutex);
    std::vector<int> expected;
    for (int number = from; number <= to; ++number) expected.push_back(number);
    CHECK(numbers == expected);
  }
};

}  // namespace

TEST_CASE_FIXTURE(ReaderFixture, "a reader that was away continues without a gap and without a repeat") {
  publish("shop.a", 1, 250);
  auto reader = read();
  wait_for(250);
  REQUIRE(reader->close().has_value());
  reader.reset();
  publish("shop.a", 251, 300);
  reader = read();
  publish("shop.a", 301, 320);
  wait_for(320);
  REQUIRE(reader->close().has_value());
  check_numbers(1, 320);
  CHECK(reader->position().sequence == 320);
  CHECK(reader->position().mark == "320");
}

TEST_CASE_FIXTURE(ReaderFixture, "a reader that was killed in the midst repeats no more than what it had not saved") {
  publish("shop.a", 1, 25);
  auto wanted = settings();
  wanted.save_every = 10;
  handlers.on("placed", 1, [this](const messaging::Received& message) -> messaging::Result<void> {
    const std::lock_guard lock(mutex);
    if (numbers.size() == 25) return messaging::failure(FailureKind::serialization, "over");
    numbers.push_back(number_of(message.envelope));
    return {};
  });
  auto reader = read(wanted);
  wait_for(25);
  const auto stored = checkpoints->load("billing").value();
  REQUIRE(stored.has_value());
  CHECK(messaging::position_of(stored->position).value().sequence >= 20);
}

TEST_CASE_FIXTURE(ReaderFixture, "a filter takes its subjects alone, and says nothing of a gap") {
  for (int number = 1; number <= 30; ++number) publish(number % 3 == 0 ? "shop.b" : "shop.a", number, number);
  auto wanted = settings();
  wanted.subject = "shop.b";
  auto reader = read(wanted);
  wait_for(10);
  REQUIRE(reader->close().has_value());
  CHECK(numbers.front() == 3);
  CHECK(numbers.back() == 30);
  CHECK(reader->gaps() == 0);
}

TEST_CASE_FIXTURE(ReaderFixture, "a handler that fails gets the same message again before any other") {
  publish("shop.a", 1, 3);
  int tries = 0;
  handlers.on("placed", 1, [&](const messaging::Received& message) -> messaging::Result<void> {
    const std::lock_guard lock(mutex);
    if (number_of(message.envelope) == 2 && ++tries < 4) return messaging::failure(FailureKind::handler, "not yet");
    numbers.push_back(number_of(message.envelope));
    return {};
  });
  auto reader = read();
  wait_for(3);
  REQUIRE(reader->close().has_value());
  check_numbers(1, 3);
  CHECK(tries == 4);
}

TEST_CASE_FIXTURE(ReaderFixture, "garbage in the stream is counted and passed") {
  publish("shop.a", 1, 1);
  static_cast<void>(server.request("shop.a", "garbage"));
  publish("shop.a", 2, 2);
  auto reader = read();
  wait_for(2);
  REQUIRE(reader->close().has_value());
  check_numbers(1, 2);
  CHECK(handlers.counts().corrupt == 1);
}

TEST_CASE_FIXTURE(ReaderFixture, "a restart of the nats-server neither loses nor repeats a message") {
  auto reader = read();
  publish("shop.a", 1, 100);
  wait_for(100);
  server.stop();
  support::wait_until("the loss", 5s, [&] { return !connection->is_connected(); });
  server.start();
  REQUIRE(connection->wait_connected(10s));
  publish("shop.a", 101, 200);
  wait_for(200);
  REQUIRE(reader->close().has_value());
  check_numbers(1, 200);
  CHECK(reader->gaps() == 0);
}

TEST_CASE_FIXTURE(ReaderFixture,
                  "what has left the stream is a gap, told with the marks around it before the reader goes on") {
  publish("shop.a", 1, 10);
  auto wanted = settings();
  auto reader = read(wanted);
  wait_for(10);
  REQUIRE(reader->close().has_value());
  reader.reset();
  publish("shop.a", 11, 30);
  static_cast<void>(server.request("$JS.API.STREAM.PURGE.SHOP", R"({"seq":21})"));  // 11 to 20 are lost
  wanted.on_gap = [this](const messaging::Gap& gap) -> messaging::Result<void> {
    const std::lock_guard lock(mutex);
    if (gap.before.empty()) return {};
    for (int number = std::stoi(gap.after) + 1; number < std::stoi(gap.before); ++number) numbers.push_back(number);
    return {};
  };
  reader = read(wanted);
  wait_for(30);
  REQUIRE(reader->close().has_value());
  check_numbers(1, 30);
  CHECK(reader->gaps() == 1);
}

TEST_CASE_FIXTURE(ReaderFixture, "who catches up and is stopped goes on from where it said") {
  publish("shop.a", 1, 10);
  auto wanted = settings();
  auto reader = read(wanted);
  wait_for(10);
  REQUIRE(reader->close().has_value());
  reader.reset();
  publish("shop.a", 11, 30);
  static_cast<void>(server.request("$JS.API.STREAM.PURGE.SHOP", R"({"seq":21})"));
  std::vector<std::string> seen;
  wanted.on_gap = [&](const messaging::Gap& gap) -> messaging::Result<void> {
    const std::lock_guard lock(mutex);
    if (gap.before.empty()) return {};
    seen.push_back(gap.after);
    if (gap.after == "15") return {};
    CHECK(gap.save("15").has_value());
    return messaging::failure(FailureKind::connect, "the source is away");
  };
  reader = read(wanted);
  wait_for(20);  // 1 … 10 and 21 … 30
  REQUIRE(reader->close().has_value());
  CHECK(seen == std::vector<std::string>{"10", "15"});
}

TEST_CASE_FIXTURE(ReaderFixture, "a stream that was made anew is a gap, and is read from its beginning") {
  publish("shop.a", 1, 10);
  auto reader = read();
  wait_for(10);
  REQUIRE(reader->close().has_value());
  reader.reset();
  remove_stream();
  make_stream();
  publish("shop.a", 11, 30);  // it has grown beyond the checkpoint
  reader = read();
  wait_for(30);
  REQUIRE(reader->close().has_value());
  check_numbers(1, 30);
  CHECK(std::ranges::count(failures, FailureKind::gap) >= 1);
}

TEST_CASE_FIXTURE(ReaderFixture, "a gap before an empty stream is told at once, and again when a message is there") {
  publish("shop.a", 1, 10);
  auto wanted = settings();
  auto reader = read(wanted);
  wait_for(10);
  REQUIRE(reader->close().has_value());
  reader.reset();
  publish("shop.a", 11, 12);
  static_cast<void>(server.request("$JS.API.STREAM.PURGE.SHOP"));
  std::vector<std::string> befores;
  wanted.on_gap = [&](const messaging::Gap& gap) -> messaging::Result<void> {
    const std::lock_guard lock(mutex);
    befores.push_back(gap.before);
    return {};
  };
  reader = read(wanted);
  support::wait_until("the gap", 10s, [&] {
    const std::lock_guard lock(mutex);
    return befores.size() == 1;
  });
  publish("shop.a", 13, 13);
  wait_for(11);
  REQUIRE(reader->close().has_value());
  CHECK(befores == std::vector<std::string>{"", "13"});
}

TEST_CASE_FIXTURE(ReaderFixture, "of two readers of one name the one that was overtaken ends, and says so") {
  publish("shop.a", 1, 1);
  auto first = read();
  wait_for(1);
  support::wait_until("the checkpoint", 5s, [&] { return checkpoints->load("billing").value().has_value(); });
  auto second = read();
  publish("shop.a", 2, 2);
  support::wait_until("the conflict", 10s, [&] {
    const std::lock_guard lock(mutex);
    return std::ranges::count(failures, FailureKind::conflict) >= 1;
  });
}

TEST_CASE_FIXTURE(ReaderFixture, "a reader without a checkpoint may begin at the end") {
  publish("shop.a", 1, 5);
  auto wanted = settings();
  wanted.from_end = true;
  auto reader = read(wanted);
  publish("shop.a", 6, 7);
  wait_for(2);
  REQUIRE(reader->close().has_value());
  check_numbers(6, 7);
}

TEST_CASE_FIXTURE(ReaderFixture, "a checkpoint that is none is refused, and left as it is") {
  REQUIRE(checkpoints->save("billing", "garbage", 0).has_value());
  const auto opened = messaging::StreamReader::open(connection, settings(), *checkpoints, handlers);
  CHECK(opened.error().kind == FailureKind::serialization);
  CHECK(checkpoints->load("billing").value()->position == "garbage");
  for (const auto* text : {"", "{", "[]", R"({"sequence":-1,"stream_made_at":"","mark":""})", R"({"sequence":1})"})
    CHECK(messaging::position_of(text).error().kind == FailureKind::serialization);
}
