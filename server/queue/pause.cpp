#include "server/queue/pause.hpp"

#include "server/decisions/perform.hpp"
#include "server/dispatch/long_polls.hpp"
#include "server/dispatch/pool_rules.hpp"
#include "server/executions/clear_stale_pause.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/queue/pools.hpp"
#include "server/store/executions/event_table.hpp"
#include "server/store/executions/execution_table.hpp"

namespace noetl::queue {

namespace {
using base::ErrorCode;

class PauseTransaction {
 public:
  PauseTransaction(dispatch::ServerContext& context, postgres::Session& session)
      : context_(context), session_(session) {}

  base::Result<std::vector<base::ExecutionId>> run(const PauseRequest& request) {
    const auto id = request.execution_id;
    const auto locked = store::ExecutionTable(session_).lock({id});
    if (locked.empty())
      return base::failure(ErrorCode::not_found, "no execution has execution_id " + id.str(), "/execution_id");
    if (locked[0].status != domain::ExecutionStatus::running) {
      return base::failure(ErrorCode::already_terminal,
                           "execution " + id.str() + " is " + std::string(domain::to_display(locked[0].status)) +
                               ": only a running one can be paused or resumed",
                           "/execution_id");
    }
    std::vector<base::ExecutionId> changed;
    store::PauseStatements statements(session_);
    for (auto more = change(request); !more.empty(); more = change(request))
      changed.insert(changed.end(), more.begin(), more.end());
    // Of all, changed or not: what was postponed by mistake is undone by resuming again.
    if (!request.is_paused) {
      const int redelivery = executions::redelivery_of_resume(context_.ids);
      for (auto& command : statements.resume_commands(statements.running_tree(id, request.cascade)))
        effects_.notifications.push_back(executions::notification_of(std::move(command), redelivery));
    }
    if (changed.empty()) return changed;
    if (request.is_paused) statements.postpone_commands(changed);
    add_events(changed, request.is_paused ? "execution.paused" : "execution.resumed");
    return changed;
  }
  [[nodiscard]] dispatch::Effects take_effects() { return std::move(effects_); }

 private:
  std::vector<base::ExecutionId> change(const PauseRequest& request) {
    return store::PauseStatements(session_).pause_executions(request.execution_id, request.is_paused, request.cascade);
  }

  void add_events(const std::vector<base::ExecutionId>& ids, const std::string& type) {
    std::vector<store::NewEventRow> events;
    for (const auto id : ids) {
      store::NewEventRow event;
      event.event_id = {context_.ids.next()};
      event.execution_id = id;
      event.event_type = type;
      event.status = type == "execution.paused" ? "paused" : "running";
      events.push_back(std::move(event));
    }
    store::EventTable(session_).insert(events);
  }

  dispatch::ServerContext& context_;
  postgres::Session& session_;
  dispatch::Effects effects_;
};
}  // namespace

base::Result<std::vector<base::ExecutionId>> pause_execution(dispatch::ServerContext& context,
                                                             const PauseRequest& request) {
  base::Result<std::vector<base::ExecutionId>> answer;
  decisions::commit(context, [&](postgres::Session& session) {
    PauseTransaction transaction(context, session);
    answer = transaction.run(request);
    return transaction.take_effects();
  });
  return answer;
}

wire::PoolRow pause_pool(dispatch::ServerContext& context, const std::string& pool, bool is_paused) {
  context.connections.run_one(
      [&](postgres::Session& session) { store::PauseStatements(session).pause_pool(pool, is_paused); });
  context.pool_rules.forget();
  // What was notified before the pause waits in the stream; polls of this server need not wait for their next look.
  if (!is_paused) context.long_polls.wake({pool});
  return get_pool(context, pool);
}

std::vector<store::PoolPause> pause_pools_by(dispatch::ServerContext& context, const PoolPauses& pauses) {
  std::vector<store::PoolPause> changed;
  context.connections.run_one([&](postgres::Session& session) {
    changed = store::PauseStatements(session).pause_pools_by(pauses.by, pauses.paused, pauses.unclear);
  });
  if (changed.empty()) return changed;
  context.pool_rules.forget();
  for (const auto& [pool, is_paused] : changed) {
    if (!is_paused) context.long_polls.wake({pool});
  }
  return changed;
}

}  // namespace noetl::queue
