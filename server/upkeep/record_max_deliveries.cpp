#include "server/upkeep/record_max_deliveries.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "server/decisions/perform.hpp"
#include "server/notify/notifier.hpp"
#include "server/store/executions/event_table.hpp"
#include "server/store/queue/queue_table.hpp"

namespace noetl::upkeep {

namespace {
constexpr int notifications_max = 100;  // in one call
// Upkeep's own counts are far below: the message id of this notification is a new one.
constexpr int redelivery_base = 1'000'000;
constexpr std::uint64_t redelivery_span = 1'000'000'000;

using Commands = std::map<base::CommandId, store::ExplainedCommand>;

store::NewEventRow event_of(dispatch::ServerContext& context, const notify::MaxDeliveriesAdvisory& advisory,
                            const store::ExplainedCommand& found) {
  store::NewEventRow event;
  event.event_id = {context.ids.next()};
  event.queue_id = advisory.queue_id;
  event.event_type = "notification.given_up";
  event.execution_id = found.command.execution_id;
  event.step = found.command.step;
  event.node_id = found.command.node_id;
  event.status = std::string(domain::to_string(found.status));
  // Without epoch: in the log an epoch stands for the end of its attempt.
  event.meta =
      nlohmann::json{
          {"consumer", advisory.consumer}, {"deliveries", advisory.deliveries}, {"stream_sequence", advisory.sequence}}
          .dump();
  return event;
}

// One that is not due yet is notified when its time has come, one of a paused pool when that goes on: now both would only be
// refused as often as a notification may be delivered, and be dropped again.
bool should_notify(const store::ExplainedCommand& found) {
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

RecordedAdvisories record_max_deliveries(dispatch::ServerContext& context, AdvisoryBudget& budget) {
  const auto advisories = context.notifier.max_deliveries(notifications_max);
  if (advisories.empty()) return {};
  std::vector<base::CommandId> ids;
  for (const auto& one : advisories) {
    if (one.queue_id.is_set()) ids.push_back(one.queue_id);
  }
  int recorded = 0;
  decisions::commit(context, [&](postgres::Session& session) {
    dispatch::Effects effects;
    Commands commands;
    for (auto& found : store::QueueTable(session).explain(ids))
      commands.emplace(found.command.lease.queue_id, std::move(found));
    std::vector<store::NewEventRow> events;
    for (const auto& one : advisories) {
      const auto found = commands.find(one.queue_id);
      if (found == commands.end() || !budget.take(found->second.pool, std::chrono::steady_clock::now())) continue;
      const auto& command = found->second;
      events.push_back(event_of(context, one, command));
      if (!should_notify(command)) continue;
      effects.notifications.push_back(
          {.queue_id = one.queue_id,
           .execution_id = command.command.execution_id,
           .step = command.command.step,
           .pool = command.pool,
           .priority = 0,
           .epoch = command.command.lease.epoch,
           .redelivery = redelivery_base + static_cast<int>(one.sequence % redelivery_span)});
    }
    if (!events.empty()) store::EventTable(session).insert(events);
    recorded = static_cast<int>(events.size());
    return effects;
  });
  context.notifier.ack_max_deliveries();
  return {.recorded = recorded, .dropped = static_cast<int>(advisories.size()) - recorded};
}

}  // namespace noetl::upkeep
