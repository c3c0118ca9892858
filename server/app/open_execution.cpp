#include "server/app/open_execution.hpp"

#include <stdexcept>

#include "server/app/event_view.hpp"
#include "server/app/stored_values.hpp"
#include "server/store/catalog_table.hpp"

namespace noetl::app {

namespace {
using base::ErrorCode;
using domain::Json;

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

domain::ToolError tool_error(std::string kind, std::string message) {
  return {.kind = std::move(kind), .message = std::move(message), .is_retryable = false, .status = {}, .retry_after = {}, .traceback = {}};
}

Json error_json(const domain::ToolError& error) { return Json{{"kind", error.kind}, {"message", error.message}}; }
}  // namespace

base::Result<PlaybookPtr> find_playbook(Parts& parts, store::Session& session, base::CatalogId catalog_id,
                                        const std::string& path, std::optional<int> version) {
  if (catalog_id.is_set()) return parts.playbooks.get(catalog_id, session);
  std::optional<base::CatalogId> id;
  store::CatalogTable catalog(session);
  if (!version) {
    id = catalog.latest_id(path);
  } else if (const auto row = catalog.find({.catalog_id = {}, .path = path, .version = version})) {
    id = row->catalog_id;
  }
  if (!id) {
    return base::failure(ErrorCode::not_found,
                         "no playbook is registered under path '" + path + "'" +
                             (version ? " with version " + std::to_string(*version) : std::string{}) +
                             "; register it with POST /api/catalog/register or `noetlctl playbook register`",
                         "/path");
  }
  return parts.playbooks.get(*id, session);
}

Json merged_workload(const domain::Playbook& playbook, const Json& payload) {
  Json workload = playbook.workload;
  if (!payload.is_object()) return workload;
  for (const auto& [key, value] : payload.items()) workload[key] = value;
  return workload;
}

OpenExecution open_execution(Parts& parts, store::Session& session, const store::LockedExecution& row) {
  OpenExecution open;
  open.execution_id = row.execution_id;
  open.status = row.status;
  open.depth = row.depth;
  open.has_caller = row.has_caller;
  if (row.status != domain::ExecutionStatus::running) return open;
  auto playbook = parts.playbooks.get(row.catalog_id, session);
  auto state = engine::state_from_json(Json::parse(row.state));
  if (!playbook || !state) {
    throw std::runtime_error("execution " + row.execution_id.str() +
                             " cannot go on: " + (playbook ? state.error().message : playbook.error().message));
  }
  open.playbook = std::move(*playbook);
  open.state = std::move(*state);
  open.workload = Json::parse(row.workload);
  return open;
}

void DecisionRun::react(OpenExecution& open, const engine::Occurrence& occurrence, store::NewEventRow event) {
  StoredValues values(session_, writes_, open.execution_id);
  auto decision = engine::react({*open.playbook, open.execution_id, open.workload, values, new_result_id()},
                                std::move(open.state), occurrence);
  open.state = std::move(decision.state);
  open.finish = std::move(decision.finish);
  open.is_changed = true;

  auto references = writes_.add_results(parts_, open.execution_id, *open.playbook, open.state);
  for (auto& large : decision.large_results) {
    references[large.step] = large.result_id;
    writes_.results.push_back({large.result_id, open.execution_id, std::move(large.step), std::move(large.json)});
  }
  if (occurrence.outcome == domain::Outcome::completed && event.payload.empty()) {
    const auto reference = references.find(event.step);
    event.payload = reference == references.end() ? "{\"result\":" + dumped(occurrence.result) + "}"
                                                  : "{\"result_ref\":\"" + reference->second.str() + "\"}";
  }
  event.event_id = {parts_.ids.next_block(events_shown_of(decision.commands.size()))};
  if (const auto issued = writes_.add_commands(parts_, open.execution_id, std::move(decision.commands)); !issued.empty()) {
    if (event.meta.empty()) event.meta = "{}";
    event.meta.back() = event.meta.size() > 2 ? ',' : ' ';
    event.meta += "\"issued\":" + issued + "}";
  }
  const bool is_of_child = !event.queue_id.is_set();
  writes_.events.push_back(event);
  if (is_of_child) {
    // A command's row shows these two by itself.
    event.event_id = {parts_.ids.next_block(1)};
    event.event_type = "step.exit";
    event.meta.clear();
    writes_.events.push_back(std::move(event));
  }
  writes_.add_events(parts_, open.execution_id, decision.events);
  follow(open, decision);
}

void DecisionRun::begin(OpenExecution& open, engine::Decision decision) {
  open.state = std::move(decision.state);
  open.finish = std::move(decision.finish);
  open.is_changed = true;
  (void)writes_.add_results(parts_, open.execution_id, *open.playbook, open.state);
  const auto issued = writes_.add_commands(parts_, open.execution_id, std::move(decision.commands));
  writes_.add_events(parts_, open.execution_id, decision.events,
                     issued.empty() ? std::string{} : "{\"issued\":" + issued + "}");
  follow(open, decision);
}

std::function<base::ResultId()> DecisionRun::new_result_id() {
  return [this] { return base::ResultId{parts_.ids.next()}; };
}

void DecisionRun::follow(OpenExecution& open, engine::Decision& decision) {
  writes_.add_loops(open.execution_id, decision.loops, decision.loop_outcomes);
  for (auto& child : decision.children) begin_child(open, std::move(child));
}

void DecisionRun::begin_child(OpenExecution& caller, engine::NewChild child) {
  const auto refuse = [&](std::string kind, std::string message) {
    child_ended_at_once(caller, child, nullptr, tool_error(std::move(kind), std::move(message)), {});
  };
  if (caller.depth + 1 > depth_max) {
    return refuse("too_deep", "execution " + caller.execution_id.str() + " has " + std::to_string(caller.depth) +
                                  " callers above it, and at most " + std::to_string(depth_max) +
                                  " are allowed: look for a playbook that calls itself");
  }
  const base::CatalogId catalog_id{base::parse_id(child.catalog_id).value_or(0)};
  auto playbook = find_playbook(parts_, session_, catalog_id, child.path, child.version);
  if (!playbook) return refuse("not_found", playbook.error().message);

  OpenExecution open;
  open.execution_id = {parts_.ids.next()};
  open.playbook = std::move(*playbook);
  open.workload = merged_workload(*open.playbook, child.payload);
  open.depth = caller.depth + 1;
  NothingStored nothing;
  auto decision = engine::start({*open.playbook, open.execution_id, open.workload, nothing});
  if (!decision) return refuse("invalid_input", decision.error().message);
  begin(open, std::move(*decision));
  auto row = row_of(open);
  row.parent_execution_id = caller.execution_id;
  if (child.is_waited_for) {
    row.parent_node_id = child.node_id;
    row.parent_frame = dumped(child.frame);
    row.return_step = child.return_step;
    if (open.finish) writes_.ended_children.push_back(open.execution_id);
  }
  const auto child_id = open.execution_id;
  writes_.children.push_back(std::move(row));
  if (!child.is_waited_for) {
    child_ended_at_once(caller, child, Json{{"execution_id", child_id.str()}, {"status", "started"}}, {}, child_id);
  }
}

void DecisionRun::child_ended_at_once(OpenExecution& caller, const engine::NewChild& child, Json result,
                                      std::optional<domain::ToolError> error, base::ExecutionId child_id) {
  const engine::Occurrence occurrence{.node_id = child.node_id,
                                      .outcome = error ? domain::Outcome::failed : domain::Outcome::completed,
                                      .result = std::move(result),
                                      .error = error,
                                      .frame = child.frame};
  store::NewEventRow event;
  event.execution_id = caller.execution_id;
  event.event_type = error ? "call.error" : "call.done";
  event.step = child.step;
  event.node_id = child.node_id;
  event.status = error ? "failed" : "completed";
  if (error) event.payload = dumped(Json{{"error", error_json(*error)}});
  if (child_id.is_set()) event.meta = dumped(Json{{"child_execution_id", child_id.str()}});
  react(caller, occurrence, std::move(event));
}

store::NewExecution DecisionRun::row_of(OpenExecution& open) const {
  store::NewExecution row;
  row.execution_id = open.execution_id;
  row.catalog_id = open.playbook->catalog_id;
  row.path = open.playbook->path;
  row.version = open.playbook->catalog_version;
  row.status = open.finish ? open.finish->status : domain::ExecutionStatus::running;
  row.outstanding = static_cast<int>(open.state.outstanding.size());
  row.current_step = open.state.current_step;
  row.state = dumped(engine::to_json(open.state));
  row.workload = dumped(open.workload);
  row.depth = open.depth;
  if (open.finish && !open.finish->result.is_null()) row.result = dumped(open.finish->result);
  if (open.finish && !open.finish->error.is_null()) row.error = dumped(open.finish->error);
  return row;
}

void DecisionRun::add_update(OpenExecution& open) {
  if (!open.is_changed) return;
  store::ExecutionUpdate update{.execution_id = open.execution_id,
                                .status = open.finish ? open.finish->status : domain::ExecutionStatus::running,
                                .outstanding = static_cast<int>(open.state.outstanding.size()),
                                .current_step = open.state.current_step,
                                .state = dumped(engine::to_json(open.state)),
                                .result = {},
                                .error = {}};
  if (open.finish && !open.finish->result.is_null()) update.result = dumped(open.finish->result);
  if (open.finish && !open.finish->error.is_null()) update.error = dumped(open.finish->error);
  if (open.finish && open.has_caller) writes_.ended_children.push_back(open.execution_id);
  writes_.updates.push_back(std::move(update));
}

}  // namespace noetl::app
