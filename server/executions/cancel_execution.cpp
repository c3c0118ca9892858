#include "server/executions/cancel_execution.hpp"

#include <deque>

#include "server/decisions/perform.hpp"
#include "server/decisions/stored_values.hpp"
#include "server/executions/end_execution.hpp"

namespace noetl::executions {

namespace {
enum class Cancelled { yes, already_completed, not_found };

Cancelled cancel_one(dispatch::ServerContext& context, base::ExecutionId id, const std::string& reason,
                     std::vector<base::ExecutionId>* children) {
  auto outcome = Cancelled::not_found;
  decisions::commit(context, [&](postgres::Session& session) -> dispatch::Effects {
    outcome = Cancelled::not_found;
    store::ExecutionTable executions(session);
    const auto locked = executions.lock({id});
    if (locked.empty()) return {};
    if (children != nullptr) *children = executions.running_children(id);
    outcome = Cancelled::already_completed;
    if (locked[0].status != domain::ExecutionStatus::running) return {};
    auto open = decisions::load_execution(context, session, locked[0]);
    decisions::NothingStored nothing;  // cancelling renders nothing
    outcome = Cancelled::yes;
    return end_execution(context, session, open,
                         engine::cancel({*open.playbook, id, open.workload, nothing}, std::move(open.state), reason));
  });
  return outcome;
}
}  // namespace

base::Result<wire::CancelAnswer> cancel_execution(dispatch::ServerContext& context,
                                                  const wire::CancelRequest& request) {
  wire::CancelAnswer answer{.status = "already_completed", .cancelled_executions = {}};
  std::deque<base::ExecutionId> todo{request.execution_id};
  while (!todo.empty()) {
    const auto id = todo.front();
    todo.pop_front();
    std::vector<base::ExecutionId> children;
    const auto outcome = cancel_one(context, id, request.reason, request.cascade ? &children : nullptr);
    if (outcome == Cancelled::not_found && id == request.execution_id) {
      return base::failure(base::ErrorCode::not_found, "no execution has execution_id " + id.str(), "/execution_id");
    }
    if (outcome == Cancelled::yes) {
      answer.cancelled_executions.push_back(id);
      if (id == request.execution_id) answer.status = "cancelled";
    }
    todo.insert(todo.end(), children.begin(), children.end());
  }
  return answer;
}

}  // namespace noetl::executions
