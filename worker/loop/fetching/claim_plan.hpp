#pragma once
// plan_claims: how many commands a worker claims of the notifications that it has pulled, in which calls, and what becomes of the
// notifications that it has no slot for. LaneScheduler decides how many are pulled; Fetcher carries both out. Pure; any thread.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "shared/base/ids.hpp"

namespace noetl::loop {

// A notification, as far as it decides: without the commands that the worker holds already.
struct Notified {
  std::vector<base::CommandId> queue_ids;
  int priority = 0;
  std::size_t lane = 0;
};

enum class Fate : std::uint8_t {
  ack,  // it names nothing that is not claimed already
  seek_low,  // acknowledged: its priority is below 0, and the worker asks for such commands when the lanes have nothing else
  nak_low,  // the same, and the worker has no slot: back to the stream, for later
  keep,  // commands end so fast that it has a slot in a moment
  nak,  // back to the stream at once, for other workers
  claim,
};

struct PlannedNotification {
  Fate fate = Fate::ack;
  std::vector<base::CommandId> queue_ids;  // to be claimed: without those of notifications before it
  std::size_t call = 0;  // of ClaimPlan::slots
};

// Of the notifications of one lane that stood next to each other.
struct LaneCount {
  std::size_t lane = 0;
  std::size_t notifications = 0;
  std::size_t commands = 0;
};

struct ClaimPlan {
  std::vector<PlannedNotification> notifications;  // in the order of the input
  // By call: at most so many commands, of those that it names and of those that go before them. The first call takes all
  // notifications that fit whole, and those of a priority above 0; each other one takes a notification in part.
  std::vector<int> slots;
  std::vector<LaneCount> lanes;
};

struct ClaimRoom {
  int slots = 0;
  std::vector<int> shares;  // by lane: of the slots, at most so many
  bool is_quick = false;  // the last commands were of tools that answer at once
  std::size_t kept_max = 0;
};

[[nodiscard]] ClaimPlan plan_claims(const std::vector<Notified>& notified, const ClaimRoom& room);

}  // namespace noetl::loop
