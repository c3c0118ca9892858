#include "worker/loop/fetching/claim_plan.hpp"

#include <algorithm>
#include <unordered_set>

namespace noetl::loop {
namespace {

class Planner {
 public:
  explicit Planner(const ClaimRoom& room) : room_(room), slots_left_(room.slots), shares_(room.shares) {
    plan_.slots.push_back(0);
  }

  void add(const Notified& notified) {
    PlannedNotification planned{.fate = Fate::ack, .queue_ids = notified.queue_ids, .call = 0};
    // Claimed twice, by two calls, a command would be given twice and run twice.
    std::erase_if(planned.queue_ids, [&](base::CommandId id) { return claimed_.contains(id); });
    if (!planned.queue_ids.empty()) decide(notified, planned);
    if (planned.fate == Fate::claim) claimed_.insert(planned.queue_ids.begin(), planned.queue_ids.end());
    plan_.notifications.push_back(std::move(planned));
  }

  ClaimPlan finish() {
    plan_.slots.front() = std::max(1, plan_.slots.front() + std::min(slots_left_, urgent_));
    return std::move(plan_);
  }

 private:
  void decide(const Notified& notified, PlannedNotification& planned) {
    if (notified.priority < 0) {
      planned.fate = slots_left_ > 0 ? Fate::seek_low : Fate::nak_low;
      return;
    }
    const int named = static_cast<int>(planned.queue_ids.size());
    count(notified.lane, planned.queue_ids.size());
    // Whatever it names, the server gives the highest: it takes the slots that the others leave, and there they have fewer.
    if (notified.priority > 0) {
      ++urgent_;
      planned.fate = Fate::claim;
      return;
    }
    int& share = shares_[notified.lane];
    const int most = std::min(slots_left_, share);
    // The first is taken whatever it names, in part if need be: else one with more commands than slots would wait for ever.
    const bool is_first = slots_left_ == room_.slots;
    if (room_.is_quick && !is_first && kept_ < room_.kept_max && named > most) {
      ++kept_;
      planned.fate = Fate::keep;
      return;
    }
    if (most <= 0) {
      planned.fate = Fate::nak;
      return;
    }
    const int taken = std::min(most, named);
    slots_left_ -= taken;
    share -= taken;
    planned.fate = Fate::claim;
    if (taken == named) {
      plan_.slots.front() += taken;
    } else {
      planned.call = plan_.slots.size();
      plan_.slots.push_back(taken);
    }
  }

  void count(std::size_t lane, std::size_t commands) {
    if (plan_.lanes.empty() || plan_.lanes.back().lane != lane) plan_.lanes.push_back({.lane = lane});
    ++plan_.lanes.back().notifications;
    plan_.lanes.back().commands += commands;
  }

  const ClaimRoom& room_;
  int slots_left_;
  std::vector<int> shares_;
  int urgent_ = 0;
  std::size_t kept_ = 0;
  std::unordered_set<base::CommandId> claimed_;
  ClaimPlan plan_;
};

}  // namespace

ClaimPlan plan_claims(const std::vector<Notified>& notified, const ClaimRoom& room) {
  Planner planner(room);
  for (const auto& one : notified) planner.add(one);
  return planner.finish();
}

}  // namespace noetl::loop
