#include "server/store/executions/execution_table.hpp"

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

namespace {
domain::ExecutionStatus status_from(const pqxx::field& field) {
  return domain::execution_status_from(field.c_str()).value_or(domain::ExecutionStatus::running);
}

wire::ExecutionRow listed(const pqxx::row& row) {
  wire::ExecutionRow found;
  found.execution_id = {row["execution_id"].as<std::int64_t>()};
  found.catalog_id = {row["catalog_id"].as<std::int64_t>()};
  found.path = row["path"].c_str();
  found.version = row["version"].as<int>();
  found.status = row["is_scheduled"].as<bool>() ? "SCHEDULED" : domain::to_display(status_from(row["status"]));
  found.parent_execution_id = {row["parent_execution_id"].as<std::int64_t>()};
  found.current_step = row["current_step"].c_str();
  found.outstanding_commands = row["outstanding"].as<int>();
  if (!row["error"].is_null()) found.error = postgres::text_of(row["error"]);
  found.created_at = row["created_at"].c_str();
  found.started_at = postgres::text_of(row["started_at"]);
  found.finished_at = postgres::text_of(row["finished_at"]);
  found.is_paused = row["is_paused"].as<bool>();
  found.deadline_at = postgres::text_of(row["deadline_at"]);
  found.due_at = postgres::text_of(row["due_at"]);
  found.duration_seconds = row["duration_seconds"].as<double>();
  return found;
}
}  // namespace

std::vector<base::ExecutionId> ExecutionTable::insert(const std::vector<NewExecution>& executions) {
  postgres::ArrayLiteral ids, catalogs, paths, versions, parents, statuses, outstanding, steps, states, workloads,
      results, errors, keys, traces, depths, parent_nodes, parent_frames, return_steps, pauses, timeouts, reruns,
      delays;
  for (const auto& e : executions) {
    ids.add(e.execution_id.value);
    catalogs.add(e.catalog_id.value);
    paths.add(e.path);
    versions.add(e.version);
    parents.add_or_null(e.parent_execution_id.value);
    statuses.add(domain::to_string(e.status));
    outstanding.add(e.outstanding);
    steps.add_or_null(e.current_step);
    states.add(e.state);
    workloads.add(e.workload);
    results.add_or_null(e.result);
    errors.add_or_null(e.error);
    keys.add_or_null(e.idempotency_key);
    traces.add_or_null(e.traceparent);
    depths.add(e.depth);
    parent_nodes.add_or_null(e.parent_node_id);
    parent_frames.add_or_null(e.parent_frame);
    return_steps.add_or_null(e.return_step);
    pauses.add(std::string_view(e.is_paused ? "true" : "false"));
    timeouts.add_or_null(e.timeout.count());
    reruns.add_or_null(e.rerun_of.value);
    delays.add_or_null(e.start_delay.count());
  }
  std::vector<base::ExecutionId> inserted;
  for (const auto& row : session_.run(queries::InsertExecutions{.ids = ids.text(),
                         .catalogs = catalogs.text(),
                         .paths = paths.text(),
                         .versions = versions.text(),
                         .parents = parents.text_or_null(),
                         .statuses = statuses.text(),
                         .outstanding = outstanding.text(),
                         .steps = steps.text_or_null(),
                         .states = states.text(),
                         .workloads = workloads.text(),
                         .results = results.text_or_null(),
                         .errors = errors.text_or_null(),
                         .keys = keys.text_or_null(),
                         .traceparents = traces.text_or_null(),
                         .depths = depths.text(),
                         .parent_nodes = parent_nodes.text_or_null(),
                         .parent_frames = parent_frames.text_or_null(),
                         .return_steps = return_steps.text_or_null(),
                         .pauses = pauses.text(),
                         .timeouts_ms = timeouts.text_or_null(),
                         .rerun_of = reruns.text_or_null(),
                         .delays_ms = delays.text_or_null()})) {
    inserted.push_back({row[0].as<std::int64_t>()});
  }
  return inserted;
}

std::map<std::string, KeyedExecution> ExecutionTable::by_keys(const std::vector<std::string>& keys) {
  postgres::ArrayLiteral array;
  for (const auto& key : keys) array.add(key);
  std::map<std::string, KeyedExecution> found;
  for (const auto& row : session_.run(queries::ExecutionsByKeys{.keys = array.text()})) {
    found[row["idempotency_key"].c_str()] = {.execution_id = {row["execution_id"].as<std::int64_t>()},
                                             .path = row["path"].c_str(),
                                             .rerun_of = {row["rerun_of"].as<std::int64_t>()},
                                             .catalog_id = {row["catalog_id"].as<std::int64_t>()},
                                             .version = row["version"].as<int>(),
                                             .workload = row["workload"].c_str()};
  }
  return found;
}

std::vector<LockedExecution> ExecutionTable::lock(const std::vector<base::ExecutionId>& ids) {
  std::vector<LockedExecution> locked;
  for (const auto& row : session_.run(queries::LockExecutions{.ids = postgres::id_array(ids)})) {
    // By position: looking for a name costs more than reading the value.
    locked.push_back({.execution_id = {row[0].as<std::int64_t>()},
                      .catalog_id = {row[1].as<std::int64_t>()},
                      .status = status_from(row[2]),
                      .state = postgres::text_of(row[3]),
                      .workload = postgres::text_of(row[4]),
                      .depth = row[5].as<int>(),
                      .has_caller = row[6].as<bool>(),
                      .is_paused = row[7].as<bool>()});
  }
  return locked;
}

void ExecutionTable::update(const std::vector<ExecutionUpdate>& updates) {
  postgres::ArrayLiteral ids, statuses, outstanding, steps, states, results, errors;
  for (const auto& u : updates) {
    ids.add(u.execution_id.value);
    statuses.add(domain::to_string(u.status));
    outstanding.add(u.outstanding);
    steps.add_or_null(u.current_step);
    states.add(u.state);
    results.add_or_null(u.result);
    errors.add_or_null(u.error);
  }
  session_.run(queries::UpdateExecutions{.ids = ids.text(),
                                         .statuses = statuses.text(),
                                         .outstanding = outstanding.text(),
                                         .steps = steps.text_or_null(),
                                         .states = states.text(),
                                         .results = results.text_or_null(),
                                         .errors = errors.text_or_null()});
}

std::vector<base::ExecutionId> ExecutionTable::running_children(base::ExecutionId parent) {
  std::vector<base::ExecutionId> children;
  for (const auto& row : session_.run(queries::RunningChildren{.parent = parent.value}))
    children.push_back({row[0].as<std::int64_t>()});
  return children;
}

std::optional<wire::ExecutionRow> ExecutionTable::find(base::ExecutionId id, std::string& state_text) {
  const auto rows = session_.run(queries::ExecutionById{.execution_id = id.value});
  if (rows.empty()) return std::nullopt;
  auto found = listed(rows[0]);
  state_text = postgres::text_of(rows[0]["state"]);
  found.workload = postgres::text_of(rows[0]["workload"]);
  if (!rows[0]["result"].is_null()) found.result = postgres::text_of(rows[0]["result"]);
  return found;
}

std::vector<wire::ExecutionRow> ExecutionTable::list(const wire::ExecutionFilter& filter, const std::string& status) {
  std::vector<wire::ExecutionRow> found;
  for (const auto& row : session_.run(queries::ListExecutions{.status = status,
                         .path = filter.path,
                         .parent = filter.parent_execution_id.value,
                         .before = filter.before.value,
                         .limit = filter.limit})) {
    found.push_back(listed(row));
  }
  return found;
}

bool ExecutionTable::store_result(base::ResultId id, const wire::StoreResultRequest& request) {
  return !session_
              .run(queries::StoreResult{.result_id = id.value,
                                        .value = request.value,
                                        .queue_id = request.lease.queue_id.value,
                                        .epoch = request.lease.epoch,
                                        .worker_id = request.worker_id,
                                        .instance = request.instance})
              .empty();
}

void ExecutionTable::insert_results(const std::vector<StoredResult>& results) {
  postgres::ArrayLiteral ids, executions, steps, values;
  for (const auto& r : results) {
    ids.add(r.result_id.value);
    executions.add(r.execution_id.value);
    steps.add(r.step);
    values.add(r.value);
  }
  session_.run(queries::InsertResults{
      .ids = ids.text(), .executions = executions.text(), .steps = steps.text(), .values = values.text()});
}

std::map<base::ResultId, std::string> ExecutionTable::results(const std::vector<base::ResultId>& ids) {
  std::map<base::ResultId, std::string> found;
  for (const auto& row : session_.run(queries::ResultsByIds{.ids = postgres::id_array(ids)})) {
    found[{row[0].as<std::int64_t>()}] = postgres::text_of(row[1]);
  }
  return found;
}

std::vector<UnreportedChild> ExecutionTable::unreported_children(const std::vector<base::ExecutionId>& of, int limit) {
  const auto ids = postgres::id_array(of);
  const auto filter = of.empty() ? std::nullopt : std::optional(ids);
  std::vector<UnreportedChild> found;
  for (const auto& row : session_.run(queries::UnreportedChildren{.ended = filter, .limit = limit})) {
    found.push_back({{row[0].as<std::int64_t>()}, {row[1].as<std::int64_t>()}});
  }
  return found;
}

std::vector<EndedChild> ExecutionTable::ended_children(const std::vector<base::ExecutionId>& ids) {
  std::vector<EndedChild> found;
  for (const auto& row : session_.run(queries::EndedChildren{.ids = postgres::id_array(ids)})) {
    found.push_back({.execution_id = {row["execution_id"].as<std::int64_t>()},
                     .parent_execution_id = {row["parent_execution_id"].as<std::int64_t>()},
                     .parent_node_id = postgres::text_of(row["parent_node_id"]),
                     .parent_frame = postgres::text_of(row["parent_frame"]),
                     .return_step = postgres::text_of(row["return_step"]),
                     .path = postgres::text_of(row["path"]),
                     .state = postgres::text_of(row["state"]),
                     .result = postgres::text_of(row["result"]),
                     .error = postgres::text_of(row["error"]),
                     .status = status_from(row["status"])});
  }
  return found;
}

void ExecutionTable::mark_callers_resumed(const std::vector<base::ExecutionId>& ids) {
  session_.run(queries::MarkCallersResumed{.ids = postgres::id_array(ids)});
}

void ExecutionTable::insert_loop_items(const std::vector<NewLoopItem>& items) {
  postgres::ArrayLiteral executions, loops, indexes, values;
  for (const auto& item : items) {
    executions.add(item.execution_id.value);
    loops.add(item.loop);
    indexes.add(item.index);
    values.add(item.item);
  }
  session_.run(queries::InsertLoopItems{
      .executions = executions.text(), .loops = loops.text(), .indexes = indexes.text(), .values = values.text()});
}

void ExecutionTable::end_loop_items(const std::vector<EndedLoopItem>& items) {
  postgres::ArrayLiteral executions, loops, indexes, statuses, results;
  for (const auto& item : items) {
    executions.add(item.execution_id.value);
    loops.add(item.loop);
    indexes.add(item.index);
    statuses.add(item.is_completed ? "completed" : "failed");
    results.add(item.result);
  }
  session_.run(queries::EndLoopItems{.executions = executions.text(),
                                     .loops = loops.text(),
                                     .indexes = indexes.text(),
                                     .statuses = statuses.text(),
                                     .results = results.text()});
}

std::map<int, std::string> ExecutionTable::loop_items(base::ExecutionId id, const std::string& loop, int from,
                                                      int until) {
  std::map<int, std::string> found;
  for (const auto& row :
       session_.run(queries::LoopItems{.execution_id = id.value, .loop = loop, .first = from, .behind = until})) {
    found[row[0].as<int>()] = postgres::text_of(row[1]);
  }
  return found;
}

std::vector<std::string> ExecutionTable::loop_results(base::ExecutionId id, const std::string& loop) {
  std::vector<std::string> found;
  for (const auto& row : session_.run(queries::LoopResults{.execution_id = id.value, .loop = loop}))
    found.push_back(postgres::text_of(row[0]));
  return found;
}

}  // namespace noetl::store
