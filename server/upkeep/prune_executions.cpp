#include "server/upkeep/prune_executions.hpp"

#include <algorithm>
#include <vector>

#include "server/postgres/connection_pool.hpp"

namespace noetl::upkeep {

namespace {
constexpr int pruned_rows_max = 2000;  // of each kind in one transaction: some 20 ms
constexpr std::size_t pruned_executions_max = 50;  // in one transaction

struct Step {
  PrunedExecutions pruned;
  bool has_more = false;  // some of them have more rows than one transaction deletes
};

Step prune_some(dispatch::ServerContext& context, const std::vector<base::ExecutionId>& executions) {
  Step step;
  context.connections.transact([&](postgres::Session& session) {
    step = {};
    store::RetentionStatements statements(session);
    const auto locked = statements.lock_ended(executions);
    if (locked.empty()) return;
    const auto gone = statements.prune_execution_parts(locked, pruned_rows_max);
    step.pruned.rows = gone.commands + gone.events + gone.items + gone.results + gone.others;
    step.has_more = gone.largest() >= pruned_rows_max;
    // As a whole, in the same transaction, unless there is too much of them.
    if (!step.has_more) step.pruned.executions = statements.prune_executions(locked);
  });
  return step;
}
}  // namespace

PrunedExecutions prune_executions(dispatch::ServerContext& context, const store::RetentionPolicy& retention,
                                  const store::IdWindow& window, std::chrono::steady_clock::time_point deadline) {
  store::EndedWindow ended;
  context.connections.run_one([&](postgres::Session& session) {
    ended = store::RetentionStatements(session).ended_executions(retention, window);
  });
  PrunedExecutions total;
  total.last = window.after;
  for (std::size_t from = 0; from < ended.executions.size(); from += pruned_executions_max) {
    const auto begin = ended.executions.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = std::min(pruned_executions_max, ended.executions.size() - from);
    const std::vector<base::ExecutionId> some(begin, begin + static_cast<std::ptrdiff_t>(count));
    for (bool has_more = true; has_more;) {
      if (total.rows + total.executions > 0 && std::chrono::steady_clock::now() >= deadline) return total;
      const auto step = prune_some(context, some);
      total.executions += step.pruned.executions;
      total.rows += step.pruned.rows;
      has_more = step.has_more;
    }
    total.last = some.back().value;
  }
  total.last = ended.last;
  return total;
}

}  // namespace noetl::upkeep
