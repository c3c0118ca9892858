#include "server/executions/clear_stale_pause.hpp"

#include "server/decisions/perform.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/upkeep/pause_statements.hpp"

namespace noetl::executions {

int redelivery_of_resume(base::IdGenerator& ids) { return static_cast<int>(ids.next() & 0x3fff'ffff); }

notify::Notification notification_of(store::WaitingCommand command, int redelivery) {
  notify::Notification notification;
  notification.queue_id = command.queue_id;
  notification.execution_id = command.execution_id;
  notification.step = std::move(command.step);
  notification.pool = std::move(command.pool);
  notification.priority = command.priority;
  notification.epoch = command.epoch;
  notification.redelivery = redelivery;
  return notification;
}

int clear_stale_pause(dispatch::ServerContext& context, const std::vector<base::ExecutionId>& executions) {
  int due = 0;
  decisions::commit(context, [&](postgres::Session& session) {
    dispatch::Effects effects;
    std::vector<base::ExecutionId> going_on;
    for (const auto& row : store::ExecutionTable(session).lock(executions)) {
      if (row.status == domain::ExecutionStatus::running && !row.is_paused) going_on.push_back(row.execution_id);
    }
    const int redelivery = redelivery_of_resume(context.ids);
    for (auto& command : store::PauseStatements(session).resume_commands(going_on))
      effects.notifications.push_back(notification_of(std::move(command), redelivery));
    due = static_cast<int>(effects.notifications.size());
    return effects;
  });
  return due;
}

}  // namespace noetl::executions
