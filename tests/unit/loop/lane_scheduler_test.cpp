#include <doctest/doctest.h>

#include <map>
#include <numeric>

#include "worker/loop/fetching/lane_scheduler.hpp"

using noetl::loop::LaneScheduler;

namespace {
int sum(const std::vector<int>& most) { return std::accumulate(most.begin(), most.end(), 0); }
}  // namespace

TEST_CASE("whoever waits asks every lane, and the first for the most") {
  const LaneScheduler lanes(3);
  CHECK_FALSE(lanes.is_busy());
  CHECK(lanes.to_wait_for(512) == std::vector<int>{64, 1, 1});
  CHECK(lanes.to_wait_for(8) == std::vector<int>{6, 1, 1});
  CHECK(lanes.to_wait_for(3) == std::vector<int>{1, 1, 1});
  CHECK(lanes.to_wait_for(1) == std::vector<int>{1, 1, 1});  // more than room: the caller gives it back
  CHECK(LaneScheduler(1).to_wait_for(8) == std::vector<int>{8});
}

TEST_CASE("a flood in one lane gets nearly everything, and no lane is left out") {
  LaneScheduler lanes(3);
  lanes.set_pending(2, 100'000);
  CHECK(lanes.divided(512) == std::vector<int>{1, 1, 512});
  lanes.set_pending(0, 50);
  CHECK(lanes.divided(512) == std::vector<int>{480, 1, 32});
  lanes.set_pending(1, 7);
  CHECK(lanes.divided(512) == std::vector<int>{448, 32, 32});
  for (int room = 3; room < 600; ++room) CHECK(sum(lanes.divided(room)) == room);
}

TEST_CASE("with a few slots one idle lane at a time is looked at, mostly the first") {
  LaneScheduler lanes(3);
  lanes.set_pending(2, 100'000);
  std::map<std::size_t, int> probed;
  for (int i = 0; i < 80; ++i) {
    const auto most = lanes.divided(8);
    CHECK(sum(most) == 9);
    CHECK(most[2] == 8);
    ++probed[most[0] == 1 ? 0 : 1];
  }
  CHECK(probed[0] == 70);
  CHECK(probed[1] == 10);
  lanes.set_pending(0, 5);
  lanes.set_pending(1, 5);
  CHECK(lanes.divided(3) == std::vector<int>{1, 1, 1});
}

TEST_CASE("slots are counted in messages as large as the last ones of that lane were") {
  LaneScheduler lanes(3);
  CHECK(lanes.messages_for(2, 512) == 512);
  lanes.record_batch_size(2, 10, 320);
  CHECK(lanes.messages_for(2, 512) == 16);
  CHECK(lanes.messages_for(2, 40) == 1);
  CHECK(lanes.messages_for(2, 1) == 1);  // what it names too much is for others
  CHECK(lanes.messages_for(2, 0) == 0);
  CHECK(lanes.messages_for(0, 512) == 512);
  lanes.record_batch_size(2, 0, 0);  // nothing came: nothing is known better
  CHECK(lanes.messages_for(2, 512) == 16);
  lanes.record_batch_size(2, 3, 4);
  CHECK(lanes.messages_for(2, 512) == 256);
}

TEST_CASE("with little room the first lane is asked first fifteen times of sixteen, the others in turn") {
  LaneScheduler lanes(3);
  std::map<std::size_t, int> first;
  for (int i = 0; i < 320; ++i) {
    const auto order = lanes.next_order();
    REQUIRE(order.size() == 3);
    ++first[order.front()];
  }
  CHECK(first[0] == 300);
  CHECK(first[1] == 10);
  CHECK(first[2] == 10);
}

TEST_CASE("while notifications of the first lane stand for nothing more of them are asked for, until one does") {
  LaneScheduler lanes(3);
  CHECK(lanes.messages_for(0, 1) == 1);
  for (int i = 0; i < 10; ++i) lanes.note_stale(true);
  CHECK(lanes.messages_for(0, 1) == 256);
  CHECK(lanes.messages_for(0, 512) == 512);
  CHECK(lanes.messages_for(0, 0) == 0);
  CHECK(lanes.messages_for(1, 1) == 1);
  lanes.note_stale(false);
  CHECK(lanes.messages_for(0, 1) == 1);
}
