// server/store/executions/execution_table.hpp, event_table.hpp and catalog_table.hpp on the model database: what the use cases
// of the protocol ask of them.
#include <algorithm>

#include "server/store/executions/catalog_table.hpp"
#include "server/store/executions/event_table.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/executions/time_limit_statements.hpp"
#include "server/store/upkeep/retention_statements.hpp"
#include "shared/base/invariant.hpp"
#include "tests/simulation/model/session.hpp"

namespace noetl::store {

using domain::ExecutionStatus;
using simulation::LoopItemKey;

std::vector<base::ExecutionId> ExecutionTable::insert(const std::vector<NewExecution>& executions) {
  auto& database = session_.database;
  std::vector<base::ExecutionId> inserted;
  for (const auto& execution : executions) {
    if (!execution.idempotency_key.empty() && database.execution_keys.contains(execution.idempotency_key)) continue;
    inserted.push_back(execution.execution_id);
    simulation::ExecutionRow row{.row = execution,
                                 .is_parent_told = execution.parent_node_id.empty(),
                                 .started_at = database.now(),
                                 .deadline_at = {}};
    if (execution.timeout.count() > 0 && execution.status == ExecutionStatus::running) {
      row.deadline_at = database.now() + execution.timeout;
    }
    database.insert(std::move(row));
  }
  return inserted;
}

std::map<std::string, KeyedExecution> ExecutionTable::by_keys(const std::vector<std::string>& keys) {
  auto& database = session_.database;
  std::map<std::string, KeyedExecution> found;
  for (const auto& key : keys) {
    const auto known = database.execution_keys.find(key);
    if (known == database.execution_keys.end()) continue;
    const auto& row = database.executions.at(known->second).row;
    found[key] = {known->second, row.path, row.rerun_of, row.catalog_id, row.version, row.workload};
  }
  return found;
}

namespace {
LockedExecution locked_from(const simulation::ExecutionRow& execution) {
  const auto& row = execution.row;
  LockedExecution one;
  one.execution_id = row.execution_id;
  one.catalog_id = row.catalog_id;
  one.status = row.status;
  one.state = row.state;
  one.workload = row.workload;
  one.depth = row.depth;
  one.has_caller = !execution.is_parent_told;
  return one;
}
}  // namespace

std::vector<LockedExecution> ExecutionTable::lock(const std::vector<base::ExecutionId>& ids) {
  std::vector<base::ExecutionId> sorted(ids);
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<LockedExecution> locked;
  for (const auto id : sorted) {
    const auto found = session_.database.executions.find(id);
    if (found == session_.database.executions.end()) continue;
    locked.push_back(locked_from(found->second));
  }
  return locked;
}

void ExecutionTable::update(const std::vector<ExecutionUpdate>& updates) {
  for (const auto& one : updates) session_.database.update(one);
}

std::vector<base::ExecutionId> ExecutionTable::running_children(base::ExecutionId parent) {
  std::vector<base::ExecutionId> children;
  for (const auto& [id, execution] : session_.database.executions) {
    if (execution.row.parent_execution_id == parent && execution.row.status == ExecutionStatus::running) {
      children.push_back(id);
    }
  }
  return children;
}

std::optional<wire::ExecutionRow> ExecutionTable::find(base::ExecutionId id, std::string& state_text) {
  const auto found = session_.database.executions.find(id);
  if (found == session_.database.executions.end()) return std::nullopt;
  const auto& row = found->second.row;
  wire::ExecutionRow shown;
  shown.execution_id = row.execution_id;
  shown.catalog_id = row.catalog_id;
  shown.path = row.path;
  shown.version = row.version;
  shown.status = domain::to_display(row.status);
  shown.outstanding_commands = row.outstanding;
  state_text = row.state;
  return shown;
}

std::vector<UnreportedChild> ExecutionTable::unreported_children(const std::vector<base::ExecutionId>& of, int limit) {
  std::vector<UnreportedChild> unreported;
  for (const auto& [id, execution] : session_.database.executions) {
    if (execution.is_parent_told || execution.row.status == ExecutionStatus::running) continue;
    if (!of.empty() && std::ranges::count(of, id) == 0) continue;
    if (unreported.size() < static_cast<std::size_t>(limit))
      unreported.push_back({id, execution.row.parent_execution_id});
  }
  return unreported;
}

std::vector<EndedChild> ExecutionTable::ended_children(const std::vector<base::ExecutionId>& ids) {
  std::vector<EndedChild> ended;
  for (const auto& [id, execution] : session_.database.executions) {
    const auto& row = execution.row;
    if (execution.is_parent_told || row.status == ExecutionStatus::running || std::ranges::count(ids, id) == 0)
      continue;
    ended.push_back({.execution_id = id,
                     .parent_execution_id = row.parent_execution_id,
                     .parent_node_id = row.parent_node_id,
                     .parent_frame = row.parent_frame,
                     .return_step = row.return_step,
                     .path = row.path,
                     .state = row.state,
                     .result = row.result,
                     .error = row.error,
                     .status = row.status});
  }
  return ended;
}

void ExecutionTable::mark_callers_resumed(const std::vector<base::ExecutionId>& ids) {
  for (const auto id : ids) session_.database.executions.at(id).is_parent_told = true;
}

void ExecutionTable::insert_loop_items(const std::vector<NewLoopItem>& items) {
  for (const auto& item : items) {
    session_.database.loop_items[LoopItemKey{item.execution_id, item.loop, item.index}].item = item.item;
  }
}

void ExecutionTable::end_loop_items(const std::vector<EndedLoopItem>& items) {
  for (const auto& item : items) {
    const auto found = session_.database.loop_items.find(LoopItemKey{item.execution_id, item.loop, item.index});
    if (found == session_.database.loop_items.end() || found->second.status != "pending") continue;
    found->second.status = item.is_completed ? "completed" : "failed";
    found->second.result = item.result;
  }
}

std::map<int, std::string> ExecutionTable::loop_items(base::ExecutionId id, const std::string& loop, int from,
                                                      int until) {
  std::map<int, std::string> found;
  const auto& items = session_.database.loop_items;
  for (auto at = items.lower_bound(LoopItemKey{id, loop, from}); at != items.end(); ++at) {
    const auto& [execution, name, index] = at->first;
    if (execution != id || name != loop || index >= until) break;
    found[index] = at->second.item;
  }
  return found;
}

std::vector<std::string> ExecutionTable::loop_results(base::ExecutionId id, const std::string& loop) {
  std::vector<std::string> found;
  const auto& items = session_.database.loop_items;
  for (auto at = items.lower_bound(LoopItemKey{id, loop, 0}); at != items.end(); ++at) {
    if (std::get<0>(at->first) != id || std::get<1>(at->first) != loop) break;
    found.push_back(at->second.result.empty() ? "null" : at->second.result);
  }
  return found;
}

void ExecutionTable::insert_results(const std::vector<StoredResult>& results) {
  for (const auto& result : results) session_.database.results.emplace(result.result_id, result);
}

std::map<base::ResultId, std::string> ExecutionTable::results(const std::vector<base::ResultId>& ids) {
  std::map<base::ResultId, std::string> found;
  for (const auto id : ids) {
    const auto stored = session_.database.results.find(id);
    if (stored != session_.database.results.end()) found[id] = stored->second.value;
  }
  return found;
}

std::vector<base::ExecutionId> TimeLimitStatements::overdue(int limit) {
  std::vector<base::ExecutionId> found;
  for (const auto& [id, execution] : session_.database.executions) {
    if (execution.row.status != ExecutionStatus::running || !execution.deadline_at) continue;
    if (*execution.deadline_at > session_.database.now() || found.size() >= static_cast<std::size_t>(limit)) continue;
    found.push_back(id);
  }
  return found;
}

std::optional<OverdueExecution> TimeLimitStatements::lock(base::ExecutionId id) {
  const auto found = session_.database.executions.find(id);
  if (found == session_.database.executions.end()) return std::nullopt;
  const auto& execution = found->second;
  if (execution.row.status != ExecutionStatus::running || !execution.deadline_at) return std::nullopt;
  if (*execution.deadline_at > session_.database.now()) return std::nullopt;
  return OverdueExecution{
      .row = locked_from(execution),
      .deadline_at =
          std::to_string(std::chrono::round<std::chrono::milliseconds>(*execution.deadline_at).count()) + " ms",
      .path = execution.row.path,
      .version = execution.row.version};
}

void TimeLimitStatements::end_time_of_children(base::ExecutionId id) {
  for (auto& [child, execution] : session_.database.executions) {
    if (execution.row.parent_execution_id != id || execution.row.status != ExecutionStatus::running) continue;
    const auto now = session_.database.now();
    if (!execution.deadline_at || *execution.deadline_at > now) execution.deadline_at = now;
  }
}

// Nothing leaves here: the servers of the simulation keep everything.
PrunedWindow RetentionStatements::prune_commands(const RetentionPolicy&, const IdWindow&) { return {}; }
PrunedWindow RetentionStatements::prune_events(std::chrono::seconds, const IdWindow&) { return {}; }
EndedWindow RetentionStatements::ended_executions(const RetentionPolicy&, const IdWindow&) { return {}; }
std::vector<base::ExecutionId> RetentionStatements::lock_ended(const std::vector<base::ExecutionId>&) { return {}; }
PrunedParts RetentionStatements::prune_execution_parts(const std::vector<base::ExecutionId>&, int) { return {}; }
int RetentionStatements::prune_executions(const std::vector<base::ExecutionId>&) { return 0; }
int PrunedParts::largest() const { return 0; }

void EventTable::insert(const std::vector<NewEventRow>& events) {
  for (const auto& event : events) {
    NOETL_INVARIANT(!session_.database.event_ids.contains(event.event_id), "an event's id is new");
    session_.database.add_event(event);
  }
}

std::vector<SentOutcome> EventTable::insert_once(const std::vector<SentEvent>& events) {
  std::vector<SentOutcome> outcomes;
  for (const auto& event : events) {
    if (!session_.database.executions.contains(event.execution_id)) {
      outcomes.push_back(SentOutcome::no_execution);
      continue;
    }
    const bool is_known = session_.database.event_ids.contains(event.event_id);
    outcomes.push_back(is_known ? SentOutcome::known : SentOutcome::added);
    if (is_known) continue;
    session_.database.add_event({.event_id = event.event_id,
                                 .execution_id = event.execution_id,
                                 .queue_id = {},
                                 .event_type = event.event_type,
                                 .step = event.step,
                                 .node_id = {},
                                 .epoch = 0,
                                 .status = {},
                                 .payload = event.payload,
                                 .meta = event.meta,
                                 .worker_id = event.worker_id,
                                 .claimed_at = {}});
  }
  return outcomes;
}

std::optional<wire::CatalogRow> CatalogTable::find(const wire::ResourceRequest& request) {
  for (const auto& [id, row] : session_.database.catalog) {
    const bool is_it = request.catalog_id.is_set() ? id == request.catalog_id
                                                   : row.path == request.path && row.version == request.version;
    if (is_it) return row;
  }
  return std::nullopt;
}

std::optional<base::CatalogId> CatalogTable::latest_id(const std::string& path) {
  std::optional<base::CatalogId> latest;
  int version = 0;
  for (const auto& [id, row] : session_.database.catalog) {
    if (row.path != path || row.version <= version) continue;
    latest = id;
    version = row.version;
  }
  return latest;
}

}  // namespace noetl::store
