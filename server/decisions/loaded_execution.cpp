#include "server/decisions/loaded_execution.hpp"

#include <stdexcept>

#include "server/catalog/find_playbook.hpp"
#include "server/decisions/event_view.hpp"
#include "server/decisions/stored_values.hpp"
#include "server/store/executions/catalog_table.hpp"
#include "server/store/upkeep/pause_statements.hpp"
#include "shared/domain/error_kinds.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/engine/state/durations.hpp"
#include "shared/json/json_tree.hpp"

namespace noetl::decisions {

namespace {
using base::ErrorCode;
using domain::Json;

domain::ToolError tool_error(std::string kind, std::string message) {
  const bool is_retryable = domain::is_retryable_by_default(kind);
  return {.kind = std::move(kind),
          .message = std::move(message),
          .is_retryable = is_retryable,
          .status = {},
          .retry_after = {},
          .traceback = {}};
}

Json error_json(const domain::ToolError& error) { return Json{{"kind", error.kind}, {"message", error.message}}; }
}  // namespace

void add_place(std::string& text, const Json& place) {
  Json value = text.empty() ? Json() : json::parse_known(text);
  if (!value.is_object()) return;
  Json& error = value.contains("error") && value["error"].is_object() ? value["error"] : value;
  error.update(place);
  text = domain::json_text(value);
}

Json merged_workload(const domain::Playbook& playbook, const Json& payload) {
  Json workload = playbook.workload;
  if (!payload.is_object()) return workload;
  for (const auto& [key, value] : payload.items()) workload[key] = value;
  return workload;
}

std::chrono::milliseconds limit_of(const domain::Playbook& playbook) {
  if (!playbook.executor.is_object()) return {};
  const auto spec = playbook.executor.find("spec");
  if (spec == playbook.executor.end() || !spec->is_object() || !spec->contains("timeout")) return {};
  // Registration refuses what cannot be read; the catalog may have texts of a time before.
  return durations::duration_of(spec->at("timeout"), durations::timeout_bounds).value_or(std::chrono::milliseconds{0});
}

base::Result<LoadedExecution> try_load_execution(dispatch::ServerContext& context, postgres::Session& session,
                                                 const store::LockedExecution& row) {
  LoadedExecution open;
  open.execution_id = row.execution_id;
  open.status = row.status;
  open.depth = row.depth;
  open.has_caller = row.has_caller;
  open.is_paused = row.is_paused;
  if (row.status != domain::ExecutionStatus::running) return open;
  auto playbook = context.playbooks.get(row.catalog_id, session);
  auto state = engine::state_from_text(row.state);
  if (!playbook || !state) {
    return base::failure(ErrorCode::internal, "execution " + row.execution_id.str() + " cannot go on: " +
                                                  (playbook ? state.error().message : playbook.error().message));
  }
  open.playbook = std::move(*playbook);
  open.state = std::move(*state);
  open.workload = json::parse_known(row.workload);
  return open;
}

LoadedExecution load_execution(dispatch::ServerContext& context, postgres::Session& session,
                               const store::LockedExecution& row) {
  auto open = try_load_execution(context, session, row);
  if (!open) throw std::runtime_error(open.error().message);
  return std::move(*open);
}

Json DecisionApplier::react(LoadedExecution& open, const engine::NodeResult& node_result, store::NewEventRow event) {
  StoredValues& values = values_.try_emplace(open.execution_id, session_, writes_, open.execution_id).first->second;
  auto decision = engine::react({*open.playbook, open.execution_id, open.workload, values, new_result_id()},
                                std::move(open.state), node_result);
  const auto left = writes_.add_results(context_, *open.playbook, open.execution_id, decision);
  if (!decision.place.is_null()) add_place(event.payload, decision.place);
  event.payload = payload_of(node_result, event, left);
  open.state = std::move(decision.state);
  open.finish = std::move(decision.finish);
  open.is_changed = true;
  event.event_id = {context_.ids.next_block(events_shown_of(decision.commands.size()))};
  postpone(open, decision.commands);
  if (const auto issued = writes_.add_commands(context_, open.execution_id, std::move(decision.commands));
      !issued.empty()) {
    log_notes::add(event.meta, log_notes::issued, issued);
  }
  log_notes::add_sequence(event.meta, ++open.state.decisions);
  log_notes::add_results(event.meta, left);
  const bool is_of_child = !event.queue_id.is_set();
  writes_.events.push_back(event);
  if (is_of_child) {
    // A command's row shows these two by itself.
    event.event_id = {context_.ids.next_block(1)};
    event.event_type = "step.exit";
    event.meta.clear();
    writes_.events.push_back(std::move(event));
  }
  writes_.add_events(context_, open.execution_id, decision.events);
  follow(open, decision);
  return std::move(decision.place);
}

// The result as the log keeps it: with the error of a failure, and by reference when just this has
// left the state. A pipeline's step may have a large result of its own while a task of it brought a small one.
std::string DecisionApplier::payload_of(const engine::NodeResult& node_result, const store::NewEventRow& event,
                                        const std::vector<log_notes::LeftResult>& left) const {
  std::string payload = event.payload;
  if (node_result.outcome != domain::Outcome::completed && node_result.result.is_null()) return payload;
  const auto result = node_result.result.text();
  for (const auto& one : left) {
    if (one.step != event.step || writes_.result_text(one.result_id) != result) continue;
    log_notes::add(payload, "result_ref", "\"" + one.result_id.str() + "\"");
    return payload;
  }
  log_notes::add(payload, "result", result);
  return payload;
}

void DecisionApplier::begin(LoadedExecution& open, engine::Decision decision) {
  const auto left = writes_.add_results(context_, *open.playbook, open.execution_id, decision);
  open.state = std::move(decision.state);
  open.finish = std::move(decision.finish);
  open.is_changed = true;
  std::string meta;
  postpone(open, decision.commands);
  if (const auto issued = writes_.add_commands(context_, open.execution_id, std::move(decision.commands));
      !issued.empty()) {
    log_notes::add(meta, log_notes::issued, issued);
  }
  log_notes::add_sequence(meta, ++open.state.decisions);
  log_notes::add_results(meta, left);
  writes_.add_events(context_, open.execution_id, decision.events, meta);
  follow(open, decision);
}

// What a paused execution issues waits as what it had waiting does; what begins later begins later.
void DecisionApplier::postpone(const LoadedExecution& open, std::vector<engine::NewCommand>& commands) {
  const auto more = open.start_delay + (open.is_paused ? store::pause_shift : std::chrono::milliseconds{0});
  if (more.count() == 0) return;
  for (auto& command : commands) command.delay += more;
}

std::function<base::ResultId()> DecisionApplier::new_result_id() {
  return [this] { return base::ResultId{context_.ids.next()}; };
}

void DecisionApplier::follow(LoadedExecution& open, engine::Decision& decision) {
  writes_.add_loops(open.execution_id, decision.loops, decision.loop_outcomes);
  for (auto& child : decision.children) begin_child(open, std::move(child));
}

void DecisionApplier::begin_child(LoadedExecution& caller, engine::NewChild child) {
  const auto refuse = [&](std::string kind, std::string message) {
    child_ended_at_once(caller, child, nullptr, tool_error(std::move(kind), std::move(message)), {});
  };
  if (caller.depth + 1 > depth_max) {
    return refuse("too_deep", "execution " + caller.execution_id.str() + " has " + std::to_string(caller.depth) +
                                  " callers above it, and at most " + std::to_string(depth_max) +
                                  " are allowed: look for a playbook that calls itself");
  }
  const base::CatalogId catalog_id{base::parse_id(child.catalog_id).value_or(0)};
  auto playbook = catalog::find_playbook(context_, session_, catalog_id, child.path, child.version);
  if (!playbook) return refuse("not_found", playbook.error().message);

  LoadedExecution open;
  open.execution_id = {context_.ids.next()};
  open.playbook = std::move(*playbook);
  open.workload = merged_workload(*open.playbook, child.payload);
  open.depth = caller.depth + 1;
  open.is_paused = caller.is_paused;
  open.start_delay = caller.start_delay;
  NothingStored nothing;
  auto decision = engine::start({*open.playbook, open.execution_id, open.workload, nothing});
  if (!decision) return refuse("invalid_input", decision.error().message);
  begin(open, std::move(*decision));
  auto row = row_of(open);
  row.parent_execution_id = caller.execution_id;
  const auto limit = child.timeout.count() > 0 ? child.timeout : limit_of(*open.playbook);
  if (limit.count() > 0) row.timeout = limit + open.start_delay;
  if (child.is_waited_for) {
    row.parent_node_id = child.node_id;
    row.parent_frame = child.frame;
    row.return_step = child.return_step;
    if (open.finish) writes_.effects.ended_children.push_back(open.execution_id);
  }
  const auto child_id = open.execution_id;
  writes_.children.push_back(std::move(row));
  if (!child.is_waited_for) {
    child_ended_at_once(caller, child, Json{{"execution_id", child_id.str()}, {"status", "started"}}, {}, child_id);
  }
}

void DecisionApplier::child_ended_at_once(LoadedExecution& caller, const engine::NewChild& child, Json result,
                                          std::optional<domain::ToolError> error, base::ExecutionId child_id) {
  const engine::NodeResult node_result{.node_id = child.node_id,
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
  if (error) event.payload = domain::json_text(Json{{"error", error_json(*error)}});
  if (child_id.is_set()) event.meta = domain::json_text(Json{{"child_execution_id", child_id.str()}});
  static_cast<void>(react(caller, node_result, std::move(event)));
}

store::NewExecution DecisionApplier::row_of(LoadedExecution& open) {
  store::NewExecution row;
  row.execution_id = open.execution_id;
  row.catalog_id = open.playbook->catalog_id;
  row.path = open.playbook->path;
  row.version = open.playbook->catalog_version;
  row.status = open.finish ? open.finish->status : domain::ExecutionStatus::running;
  row.outstanding = static_cast<int>(open.state.outstanding.size());
  row.current_step = open.state.current_step;
  row.state = engine::state_text(open.state);
  row.workload = domain::json_text(open.workload);
  row.depth = open.depth;
  row.is_paused = open.is_paused && !open.finish;
  row.start_delay = open.start_delay;
  if (open.finish && !open.finish->result.is_null()) row.result = open.finish->result.text();
  if (open.finish && !open.finish->error.is_null()) row.error = domain::json_text(open.finish->error);
  writes_.effects.work.started.push_back(row.path);
  if (open.finish) count_end(open);
  return row;
}

void DecisionApplier::count_end(const LoadedExecution& open) {
  const auto& error = open.finish->error;
  writes_.effects.work.ended.push_back({.execution_id = open.execution_id,
                                        .path = open.playbook->path,
                                        .version = open.playbook->catalog_version,
                                        .status = open.finish->status,
                                        .error = error.is_null() ? std::string() : domain::json_text(error)});
}

void DecisionApplier::add_update(LoadedExecution& open) {
  if (!open.is_changed) return;
  store::ExecutionUpdate update{.execution_id = open.execution_id,
                                .status = open.finish ? open.finish->status : domain::ExecutionStatus::running,
                                .outstanding = static_cast<int>(open.state.outstanding.size()),
                                .current_step = open.state.current_step,
                                .state = engine::state_text(open.state),
                                .result = {},
                                .error = {}};
  if (open.finish && !open.finish->result.is_null()) update.result = open.finish->result.text();
  if (open.finish && !open.finish->error.is_null()) update.error = domain::json_text(open.finish->error);
  if (open.finish) count_end(open);
  if (open.finish && open.has_caller) writes_.effects.ended_children.push_back(open.execution_id);
  writes_.updates.push_back(std::move(update));
}

}  // namespace noetl::decisions
