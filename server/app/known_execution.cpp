#include "server/app/known_execution.hpp"

#include "server/store/connection_pool.hpp"
#include "server/store/execution_table.hpp"

namespace noetl::app {

namespace {
std::string shown(const std::string& path, base::ExecutionId rerun_of) {
  return rerun_of.is_set() ? "a rerun of execution " + rerun_of.str() : "path '" + path + "'";
}
}  // namespace

base::Result<wire::ExecuteAnswer> known_execution(Parts& parts, const KnownKey& known) {
  std::map<std::string, store::KeyedExecution> found;
  parts.connections.run_one(
      [&](store::Session& session) { found = store::ExecutionTable(session).by_keys({known.key}); });
  const auto first = found.find(known.key);
  if (first == found.end()) {
    return base::failure(base::ErrorCode::unavailable,
                         "the execution of Idempotency-Key '" + known.key + "' is just being written");
  }
  const auto& execution = first->second;
  if (execution.path != known.path || execution.rerun_of != known.rerun_of) {
    return base::failure(base::ErrorCode::conflict,
                         "Idempotency-Key '" + known.key + "' was used for " +
                             shown(execution.path, execution.rerun_of) + " (execution " +
                             execution.execution_id.str() + "), this request names " +
                             shown(known.path, known.rerun_of) + ": use another key");
  }
  return wire::ExecuteAnswer{execution.execution_id, 0, true};
}

}  // namespace noetl::app
