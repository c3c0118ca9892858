#include "server/upkeep/due_timer.hpp"

#include "server/dispatch/due_times.hpp"
#include "server/dispatch/notify_workers.hpp"
#include "server/dispatch/pool_rules.hpp"
#include "server/notify/notifier.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/upkeep/upkeep_statements.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::upkeep {

namespace {
constexpr int soon_max = 2'000;  // read in one look, some 2 ms of Postgres
}  // namespace

DueTimer::DueTimer(dispatch::ServerContext& context)
    : context_(context), thread_([this](const std::stop_token& stop) { run(stop); }) {}

DueTimer::~DueTimer() {
  thread_.request_stop();
  thread_.join();
}

void DueTimer::run(const std::stop_token& stop) {
  base::name_thread("due-times");
  while (!stop.stop_requested()) {
    auto turn = context_.due_times.wait(stop);
    // A boundary: without Postgres nothing becomes due, and upkeep says that it is away. What is not notified here its ticks find.
    try {
      if (!turn.due.empty()) send(std::move(turn.due));
      if (turn.should_look) look();
    } catch (const std::exception& error) {
      telemetry::log_debug("upkeep", "what is due could not be notified at its time", {{"error", error.what()}});
    }
  }
}

// A paused pool is not notified: its stream would fill with what nobody takes.
void DueTimer::send(std::vector<notify::Notification> due) {
  const auto pools = context_.pool_rules.get();
  std::erase_if(due, [&](const notify::Notification& one) {
    const auto rules = pools->find(one.pool);
    return rules != pools->end() && rules->second.is_paused;
  });
  commands_notified_ += due.size();
  dispatch::notify_workers(context_, due);
}

void DueTimer::look() {
  std::vector<store::SoonDue> soon;
  context_.connections.run_one([&](postgres::Session& session) {
    soon = store::UpkeepStatements(session).due_soon(context_.due_times.horizon(), soon_max);
  });
  std::vector<notify::Notification> notifications;
  notifications.reserve(soon.size());
  for (auto& one : soon) {
    notifications.push_back({.queue_id = one.command.queue_id,
                             .execution_id = one.command.execution_id,
                             .step = std::move(one.command.step),
                             .pool = std::move(one.command.pool),
                             .priority = one.command.priority,
                             .epoch = one.command.epoch,
                             .redelivery = 1,
                             .delay = one.wait});
  }
  context_.due_times.add(notifications);
}

}  // namespace noetl::upkeep
