#include "server/executions/known_execution.hpp"

#include <cstdint>
#include <cstdio>

#include "server/catalog/playbook_cache.hpp"
#include "server/decisions/loaded_execution.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/execution_table.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/json/json_tree.hpp"

namespace noetl::executions {

namespace {
std::string shown(const std::string& path, base::ExecutionId rerun_of) {
  return rerun_of.is_set() ? "a rerun of execution " + rerun_of.str() : "path '" + path + "'";
}

// 16 digits for people to compare; equality is of the content. FNV-1a.
std::string fingerprint(const domain::Json& workload) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : domain::json_text(workload)) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

// What this request would have begun with at the first one's place.
base::Result<domain::Json> workload_of(dispatch::ServerContext& context, const KnownKey& known,
                                       const store::KeyedExecution& execution) {
  if (known.workload) return *known.workload;
  if (!known.payload) return json::parse_known(execution.workload);
  const auto playbook = context.playbooks.get(execution.catalog_id);
  if (!playbook) return base::failure(playbook.error());
  return decisions::merged_workload(**playbook, *known.payload);
}
}  // namespace

base::Result<wire::ExecuteAnswer> known_execution(dispatch::ServerContext& context, const KnownKey& known) {
  std::map<std::string, store::KeyedExecution> found;
  context.connections.run_one(
      [&](postgres::Session& session) { found = store::ExecutionTable(session).by_keys({known.key}); });
  const auto first = found.find(known.key);
  if (first == found.end()) {
    return base::failure(base::ErrorCode::unavailable,
                         "the execution of Idempotency-Key '" + known.key + "' is just being written");
  }
  const auto& execution = first->second;
  if (execution.path != known.path || execution.rerun_of != known.rerun_of) {
    return base::failure(base::ErrorCode::conflict, "Idempotency-Key '" + known.key + "' was used for " +
                                                        shown(execution.path, execution.rerun_of) + " (execution " +
                                                        execution.execution_id.str() + "), this request names " +
                                                        shown(known.path, known.rerun_of) + ": use another key");
  }
  if ((known.catalog_id.is_set() && known.catalog_id != execution.catalog_id) ||
      (known.version && *known.version != execution.version)) {
    return base::failure(base::ErrorCode::conflict,
                         "Idempotency-Key '" + known.key + "' was used for version " +
                             std::to_string(execution.version) + " of path '" + execution.path + "' (execution " +
                             execution.execution_id.str() + "), this request names another version: use another key");
  }
  const auto asked = workload_of(context, known, execution);
  if (!asked) return base::failure(asked.error());
  const auto stored = json::parse_known(execution.workload);
  if (*asked != stored) {
    return base::failure(base::ErrorCode::conflict, "Idempotency-Key '" + known.key +
                                                        "' was used with another payload: the workload of execution " +
                                                        execution.execution_id.str() + " has the fingerprint " +
                                                        fingerprint(stored) + ", that of this request " +
                                                        fingerprint(*asked) + ": use another key");
  }
  return wire::ExecuteAnswer{.execution_id = execution.execution_id, .commands_generated = 0, .is_duplicate = true};
}

}  // namespace noetl::executions
