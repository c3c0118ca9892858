#include "server/upkeep/time_limits.hpp"

#include "server/decisions/perform.hpp"
#include "server/decisions/stored_values.hpp"
#include "server/executions/end_execution.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/time_limit_statements.hpp"

namespace noetl::upkeep {

namespace {
bool fail_one(dispatch::ServerContext& context, base::ExecutionId id) {
  bool is_failed = false;
  decisions::commit(context, [&](postgres::Session& session) {
    dispatch::Effects effects;
    is_failed = false;
    store::TimeLimitStatements statements(session);
    const auto overdue = statements.lock(id);
    if (!overdue) return effects;
    const auto message = "execution " + id.str() + " has not ended by its time limit, " + overdue->deadline_at;
    if (auto open = decisions::try_load_execution(context, session, overdue->row)) {
      decisions::NothingStored nothing;  // ending renders nothing
      effects = executions::end_execution(
          context, session, *open,
          engine::time_out({*open->playbook, id, open->workload, nothing}, std::move(open->state), message));
    } else {
      effects = executions::fail_unreadable(context, session, *overdue,
                                            {{"kind", "timeout"}, {"message", message + "; " + open.error().message}});
    }
    statements.end_time_of_children(id);
    is_failed = true;
    return effects;
  });
  return is_failed;
}
}  // namespace

decisions::DutyOutcome fail_overdue(dispatch::ServerContext& context, int limit) {
  decisions::DutyOutcome outcome;
  for (int before = -1; outcome.done < limit && outcome.done > before;) {
    before = outcome.done;
    outcome.left = 0;
    std::vector<base::ExecutionId> ids;
    context.connections.run_one(
        [&](postgres::Session& session) { ids = store::TimeLimitStatements(session).overdue(limit); });
    for (const auto id : ids) {
      outcome.attempt("execution " + id.str(), [&] {
        if (fail_one(context, id)) ++outcome.done;
      });
    }
  }
  return outcome;
}

}  // namespace noetl::upkeep
