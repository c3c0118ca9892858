#include "server/app/time_limits.hpp"

#include "server/app/end_execution.hpp"
#include "server/app/stored_values.hpp"
#include "server/app/tell_parents.hpp"
#include "server/store/connection_pool.hpp"
#include "server/store/time_limit_statements.hpp"

namespace noetl::app {

namespace {
std::string seconds_of(std::chrono::milliseconds time) {
  auto text = std::to_string(time.count() / 1000);
  if (const auto rest = time.count() % 1000; rest != 0) text += "." + std::to_string(1000 + rest).substr(1);
  return text + " s";
}

bool fail_one(Parts& parts, base::ExecutionId id) {
  bool is_failed = false;
  parts.connections.transact([&](store::Session& session) {
    is_failed = false;
    store::TimeLimitStatements statements(session);
    const auto overdue = statements.lock(id);
    if (!overdue) return;
    auto open = open_execution(parts, session, overdue->row);
    NothingStored nothing;  // ending renders nothing
    end_execution(parts, session, open,
                  engine::time_out(
                      {*open.playbook, id, open.workload, nothing}, std::move(open.state),
                      "execution " + id.str() + " has run for its limit of " + seconds_of(overdue->limit)));
    statements.end_time_of_children(id);
    is_failed = true;
  });
  if (is_failed) tell_parents(parts, {id});
  return is_failed;
}
}  // namespace

int fail_overdue(Parts& parts, int limit) {
  int failed = 0;
  while (failed < limit) {
    std::vector<base::ExecutionId> ids;
    parts.connections.run_one(
        [&](store::Session& session) { ids = store::TimeLimitStatements(session).overdue(limit); });
    if (ids.empty()) break;
    for (const auto id : ids) failed += fail_one(parts, id) ? 1 : 0;
  }
  return failed;
}

}  // namespace noetl::app
