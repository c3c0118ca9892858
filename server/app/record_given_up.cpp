#include "server/app/record_given_up.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "server/app/decision_writes.hpp"
#include "server/notify/notifier.hpp"
#include "server/store/connection_pool.hpp"
#include "server/store/event_table.hpp"

namespace noetl::app {

namespace {
constexpr int rings_max = 100;  // in one call
// Upkeep's own rounds are far below: the message id of this ring is a new one.
constexpr int round_base = 1'000'000;
constexpr std::uint64_t round_span = 1'000'000'000;

using Commands = std::map<base::CommandId, store::ExplainedCommand>;

store::NewEventRow event_of(Parts& parts, const notify::GivenUpRing& given_up,
                            const store::ExplainedCommand& found) {
  store::NewEventRow event;
  event.event_id = {parts.ids.next()};
  event.queue_id = given_up.queue_id;
  event.event_type = "notification.given_up";
  event.execution_id = found.command.execution_id;
  event.step = found.command.step;
  event.node_id = found.command.node_id;
  event.status = std::string(domain::to_string(found.status));
  // Without epoch: in the log an epoch stands for the end of its attempt.
  event.meta = nlohmann::json{{"consumer", given_up.consumer},
                              {"deliveries", given_up.deliveries},
                              {"stream_sequence", given_up.sequence}}
                   .dump();
  return event;
}

// One that is not due yet is rung when its time has come, one of a paused pool when that goes on: now both would only be
// refused as often as a notification may be delivered, and be given up again.
bool should_ring(const store::ExplainedCommand& found) {
  return found.status == domain::CommandStatus::queued && found.wait.count() <= 0 && !found.is_pool_paused;
}
}  // namespace

bool AdvisoryBudget::take(const std::string& pool, std::chrono::steady_clock::time_point now) {
  if (now - begun_at_ >= std::chrono::minutes(1)) {
    begun_at_ = now;
    taken_.clear();
  }
  return taken_[pool]++ < a_minute;
}

GivenUp record_given_up(Parts& parts, AdvisoryBudget& budget) {
  const auto given_up = parts.notifier.given_up(rings_max);
  if (given_up.empty()) return {};
  std::vector<base::CommandId> ids;
  for (const auto& one : given_up) {
    if (one.queue_id.is_set()) ids.push_back(one.queue_id);
  }
  std::vector<notify::Ring> rings;
  int recorded = 0;
  parts.connections.transact([&](store::Session& session) {
    rings.clear();
    Commands commands;
    for (auto& found : store::QueueTable(session).explain(ids))
      commands.emplace(found.command.lease.queue_id, std::move(found));
    std::vector<store::NewEventRow> events;
    for (const auto& one : given_up) {
      const auto found = commands.find(one.queue_id);
      if (found == commands.end() || !budget.take(found->second.pool, std::chrono::steady_clock::now())) continue;
      const auto& command = found->second;
      events.push_back(event_of(parts, one, command));
      if (!should_ring(command)) continue;
      rings.push_back({.queue_id = one.queue_id,
                       .execution_id = command.command.execution_id,
                       .step = command.command.step,
                       .pool = command.pool,
                       .priority = 0,
                       .epoch = command.command.lease.epoch,
                       .round = round_base + static_cast<int>(one.sequence % round_span)});
    }
    if (!events.empty()) store::EventTable(session).insert(events);
    recorded = static_cast<int>(events.size());
  });
  ring(parts, rings);
  parts.notifier.forget_given_up();
  return {.recorded = recorded, .dropped = static_cast<int>(given_up.size()) - recorded};
}

}  // namespace noetl::app
