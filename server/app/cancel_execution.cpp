#include "server/app/cancel_execution.hpp"

#include <deque>

#include "server/app/decision_writes.hpp"
#include "server/app/playbook_cache.hpp"
#include "server/app/stored_values.hpp"
#include "server/app/tell_parents.hpp"
#include "server/store/connection_pool.hpp"

namespace noetl::app {

namespace {
using domain::Json;
enum class Cancelled { yes, already_completed, not_found };

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Cancelled cancel_one(Parts& parts, base::ExecutionId id, const std::string& reason,
                     std::vector<base::ExecutionId>* children) {
  auto outcome = Cancelled::not_found;
  parts.connections.transact([&](store::Session& session) {
    outcome = Cancelled::not_found;
    store::ExecutionTable executions(session);
    const auto locked = executions.lock({id});
    if (locked.empty()) return;
    if (children != nullptr) *children = executions.running_children(id);
    outcome = Cancelled::already_completed;
    if (locked[0].status != domain::ExecutionStatus::running) return;
    auto playbook = parts.playbooks.get(locked[0].catalog_id, session);
    auto state = engine::state_from_json(Json::parse(locked[0].state));
    if (!playbook || !state) throw std::runtime_error("execution " + id.str() + " cannot be read to cancel it");
    const auto workload = Json::parse(locked[0].workload);
    NothingStored nothing;   // cancelling renders nothing
    const auto decision = engine::cancel({**playbook, id, workload, nothing}, std::move(*state), reason);
    DecisionWrites writes;
    writes.add_events(parts, id, decision.events);
    store::ExecutionUpdate update{.execution_id = id, .status = domain::ExecutionStatus::cancelled, .outstanding = 0,
                                  .current_step = decision.state.current_step,
                                  .state = dumped(engine::to_json(decision.state)), .result = {}, .error = {}};
    if (decision.finish && !decision.finish->error.is_null()) update.error = dumped(decision.finish->error);
    writes.updates.push_back(std::move(update));
    (void)store::QueueTable(session).cancel_commands(id);
    writes.write(session);
    outcome = Cancelled::yes;
  });
  return outcome;
}
}  // namespace

base::Result<wire::CancelAnswer> cancel_execution(Parts& parts, const wire::CancelRequest& request) {
  wire::CancelAnswer answer{.status = "already_completed", .cancelled_executions = {}};
  std::deque<base::ExecutionId> todo{request.execution_id};
  while (!todo.empty()) {
    const auto id = todo.front();
    todo.pop_front();
    std::vector<base::ExecutionId> children;
    const auto outcome = cancel_one(parts, id, request.reason, request.cascade ? &children : nullptr);
    if (outcome == Cancelled::not_found && id == request.execution_id) {
      return base::failure(base::ErrorCode::not_found, "no execution has execution_id " + id.str(), "/execution_id");
    }
    if (outcome == Cancelled::yes) {
      answer.cancelled_executions.push_back(id);
      if (id == request.execution_id) answer.status = "cancelled";
      tell_parents(parts, {id});
    }
    todo.insert(todo.end(), children.begin(), children.end());
  }
  return answer;
}

}  // namespace noetl::app
