// The plan of claims, as a table: what the worker has pulled, the slots that it has, and what becomes of each notification.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "worker/loop/fetching/claim_plan.hpp"

using noetl::base::CommandId;
using noetl::loop::ClaimPlan;
using noetl::loop::ClaimRoom;
using noetl::loop::Fate;
using noetl::loop::Notified;
using noetl::loop::plan_claims;

namespace {

// A notification of so many commands, whose ids begin at `first`.
Notified of(std::int64_t first, int commands, int priority = 0, std::size_t lane = 0) {
  Notified notified{.queue_ids = {}, .priority = priority, .lane = lane};
  for (int i = 0; i < commands; ++i) notified.queue_ids.push_back(CommandId{first + i});
  return notified;
}

// "claim 3 in call 0, nak", for each notification.
std::string shown(const ClaimPlan& plan) {
  static const std::map<Fate, std::string> names{{Fate::ack, "ack"},         {Fate::seek_low, "seek low"},
                                                 {Fate::nak_low, "nak low"}, {Fate::keep, "keep"},
                                                 {Fate::nak, "nak"},         {Fate::claim, "claim"}};
  std::string text;
  for (const auto& one : plan.notifications) {
    if (!text.empty()) text += ", ";
    text += names.at(one.fate);
    if (one.fate == Fate::claim)
      text += " " + std::to_string(one.queue_ids.size()) + " in call " + std::to_string(one.call);
  }
  return text;
}

struct Row {
  const char* name;
  std::vector<Notified> notified;
  ClaimRoom room;
  const char* fates;
  std::vector<int> slots;
};

}  // namespace

TEST_CASE("each notification is claimed, kept or given back by what there is room for") {
  const std::vector<Row> rows{
      {"what fits is one call",
       {of(1, 1), of(2, 1), of(3, 2)},
       {.slots = 8, .shares = {8}},
       "claim 1 in call 0, claim 1 in call 0, claim 2 in call 0",
       {4}},
      {"what there is no slot for goes to others at once",
       {of(1, 1), of(2, 1), of(3, 1)},
       {.slots = 2, .shares = {2}},
       "claim 1 in call 0, claim 1 in call 0, nak",
       {2}},
      {"a large one is claimed in part, in a call of its own",
       {of(1, 100)},
       {.slots = 8, .shares = {8}},
       "claim 100 in call 1",
       {1, 8}},
      {"after others it gets what they leave",
       {of(1, 3), of(10, 100)},
       {.slots = 8, .shares = {8}},
       "claim 3 in call 0, claim 100 in call 1",
       {3, 5}},
      {"kept while commands are short: a slot is free in a moment",
       {of(1, 100), of(200, 100)},
       {.slots = 150, .shares = {150}, .is_quick = true, .kept_max = 9},
       "claim 100 in call 0, keep",
       {100}},
      {"no more are kept than allowed",
       {of(1, 2), of(10, 9), of(20, 9), of(30, 9)},
       {.slots = 3, .shares = {3}, .is_quick = true, .kept_max = 2},
       "claim 2 in call 0, keep, keep, claim 9 in call 1",
       {2, 1}},
      {"a lane has its share, and the next its own",
       {of(1, 1), of(2, 1), of(3, 1, 0, 1), of(4, 1, 0, 1)},
       {.slots = 8, .shares = {1, 5}},
       "claim 1 in call 0, nak, claim 1 in call 0, claim 1 in call 0",
       {3}},
      {"the room bounds all shares together",
       {of(1, 4), of(10, 1, 0, 1)},
       {.slots = 4, .shares = {4, 4}},
       "claim 4 in call 0, nak",
       {4}},
      {"a priority takes the slots that the others leave",
       {of(1, 1, 5), of(2, 1, 5), of(3, 1)},
       {.slots = 2, .shares = {2}},
       "claim 1 in call 0, claim 1 in call 0, claim 1 in call 0",
       {2}},
      {"a priority is claimed even without a slot: there the others have fewer",
       {of(1, 2), of(3, 1, 5)},
       {.slots = 2, .shares = {2}},
       "claim 2 in call 0, claim 1 in call 0",
       {2}},
      {"below 0 it is looked for when nothing else is there",
       {of(1, 1, -3)},
       {.slots = 1, .shares = {1}},
       "seek low",
       {1}},
      {"or later, by whoever has a slot then",
       {of(1, 1), of(2, 1, -3)},
       {.slots = 1, .shares = {1}},
       "claim 1 in call 0, nak low",
       {1}},
      {"nothing to claim is acknowledged", {of(1, 0)}, {.slots = 4, .shares = {4}}, "ack", {1}},
      {"a command is claimed by one call",
       {of(1, 3), of(2, 3), of(1, 3)},
       {.slots = 9, .shares = {9}},
       "claim 3 in call 0, claim 1 in call 0, ack",
       {4}},
      {"a command of a notification that goes to others may be claimed",
       {of(1, 1), of(2, 1), of(2, 1, 7)},
       {.slots = 1, .shares = {1}},
       "claim 1 in call 0, nak, claim 1 in call 0",
       {1}},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const ClaimPlan plan = plan_claims(row.notified, row.room);
    CHECK(shown(plan) == row.fates);
    CHECK(plan.slots == row.slots);
  }
}

TEST_CASE("lanes are counted by what their notifications name, as far as it is new and not below 0") {
  const auto plan = plan_claims({of(1, 3), of(2, 2), of(10, 5), of(20, 1, 0, 2), of(30, 1, -1, 2), of(40, 2, 4, 2)},
                                {.slots = 3, .shares = {3, 0, 3}});

  REQUIRE(plan.lanes.size() == 2);
  CHECK(plan.lanes[0].lane == 0);
  CHECK(plan.lanes[0].notifications == 2);  // the second names what the first does
  CHECK(plan.lanes[0].commands == 8);
  CHECK(plan.lanes[1].lane == 2);
  CHECK(plan.lanes[1].notifications == 2);
  CHECK(plan.lanes[1].commands == 3);
}

TEST_CASE("calls together take no more than the slots") {
  for (int slots = 1; slots < 70; ++slots) {
    const auto plan = plan_claims({of(1, 7), of(10, 1, 3), of(20, 40), of(100, 2, 0, 1), of(200, 30, 0, 1)},
                                  {.slots = slots, .shares = {slots, slots}});
    int together = 0;
    for (const int one : plan.slots) together += one;
    CAPTURE(slots);
    CHECK(together <= slots + 1);  // a first call that has nothing of its own asks for one
  }
}
