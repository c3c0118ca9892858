// Places in the order of publication, as text and compared.
#include <doctest/doctest.h>

#include <random>

#include "server/feed/feed_position.hpp"

using namespace noetl;
using base::ErrorCode;
using feed::FeedPosition;
using feed::Snapshot;

TEST_CASE("a snapshot reads what Postgres writes, and writes the same") {
  const auto snapshot = Snapshot::parse("10:20:11,15").value();
  CHECK(snapshot == Snapshot{.xmin = 10, .xmax = 20, .running = {11, 15}});
  CHECK(snapshot.text() == "10:20:11,15");
  CHECK(snapshot.has_running(15));
  CHECK_FALSE(snapshot.has_running(12));
  CHECK(Snapshot::parse("795:795:").value().text() == "795:795:");
  for (const auto* text : {"", "a", "1:2", "0:0:", "20:10:", "10:20:9", "10:20:20", "10:20:15,11", "10:20:11,",
                           "10:20:11,x", "-1:20:", "99999999999999999999:1:"})
    CHECK(Snapshot::parse(text).error().code == ErrorCode::invalid_input);
}

TEST_CASE("a later snapshot has a later end, or fewer that run before it") {
  const auto later = [](const char* left, const char* right) {
    return feed::is_later(Snapshot::parse(left).value(), Snapshot::parse(right).value());
  };
  CHECK(later("10:21:10", "10:20:10"));
  CHECK(later("12:20:12", "10:20:10,12"));
  CHECK(later("10:20:10", "10:20:10,12"));
  CHECK_FALSE(later("10:20:10,12", "10:20:10,12"));
  CHECK_FALSE(later("10:20:10,12", "10:20:10"));
}

TEST_CASE("a position is read back from its text") {
  const FeedPosition position{.before = {.xmin = 5, .xmax = 9, .running = {5, 7}},
                              .upto = {.xmin = 9, .xmax = 12, .running = {10}},
                              .event_id = 77,
                              .low = 40,
                              .next_low = 50};
  CHECK(position.text() == "77.40.50.5:9:5,7.9:12:10");
  CHECK(FeedPosition::parse(position.text()).value() == position);
}

TEST_CASE("what is no position is refused, whatever it is") {
  for (const auto* text :
       {"", ".", "....", "1.2.3.1:1:", "1.2.3.1:1:.1:1:.x", "a.2.3.1:1:.1:1:", "1.2.3.5:9:.1:2:", "-1.2.3.1:1:.1:1:"})
    CHECK(FeedPosition::parse(text).error().code == ErrorCode::invalid_input);
  CHECK(FeedPosition::parse(std::string(100'000, '1')).error().code == ErrorCode::invalid_input);
  std::mt19937 random(11);  // NOLINT: the same each time
  const std::string sound = "77.40.50.5:9:5,7.9:12:10";
  for (int round = 0; round < 5000; ++round) {
    auto text = sound;
    for (int edits = 0; edits < 3; ++edits) text[random() % text.size()] = static_cast<char>(random() % 128);
    if (const auto parsed = FeedPosition::parse(text)) CHECK(FeedPosition::parse(parsed->text()).value() == *parsed);
  }
}

TEST_CASE("of positions in one look the higher id is later; of two looks the later look") {
  FeedPosition first{.before = {}, .upto = {.xmin = 5, .xmax = 5}, .event_id = 10};
  auto second = first;
  second.event_id = 11;
  CHECK(feed::is_later(second, first));
  first.upto.xmax = 6;
  CHECK(feed::is_later(first, second));
}
