#include "server/decisions/resume_callers.hpp"

#include <map>
#include <set>

#include "server/decisions/loaded_execution.hpp"
#include "server/decisions/perform.hpp"
#include "server/decisions/stored_values.hpp"
#include "server/postgres/connection_pool.hpp"
#include "shared/domain/error_details.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/engine/state/frame.hpp"
#include "shared/engine/state/state.hpp"
#include "shared/engine/state/tool_error.hpp"

namespace noetl::decisions {

namespace {
using domain::Json;

constexpr int children_batch_max = 256;

// One transaction: callers and called are locked in the order of their ids, as everywhere.
class CallerNotifier {
 public:
  CallerNotifier(dispatch::ServerContext& context, postgres::Session& session)
      : context_(context), session_(session), run_(context, session, writes_) {}

  dispatch::Effects resume(const std::vector<store::UnreportedChild>& unreported) {
    lock(unreported);
    std::vector<base::ExecutionId> ids;
    for (const auto& child : unreported) ids.push_back(child.execution_id);
    std::vector<base::ExecutionId> told;
    for (auto& child : store::ExecutionTable(session_).ended_children(ids)) {
      told.push_back(child.execution_id);
      const auto caller = executions_.find(child.parent_execution_id);
      if (caller == executions_.end() || caller->second.status != domain::ExecutionStatus::running) continue;
      if (caller->second.finish) continue;
      resume_one(caller->second, child);
    }
    if (!told.empty()) store::ExecutionTable(session_).mark_callers_resumed(told);
    for (auto& [id, open] : executions_) run_.add_update(open);
    writes_.write(session_);
    return std::move(writes_.effects);
  }

 private:
  void lock(const std::vector<store::UnreportedChild>& unreported) {
    std::set<base::ExecutionId> all;
    std::set<base::ExecutionId> callers;
    for (const auto& child : unreported) {
      all.insert(child.execution_id);
      all.insert(child.parent_execution_id);
      callers.insert(child.parent_execution_id);
    }
    for (const auto& row : store::ExecutionTable(session_).lock({all.begin(), all.end()})) {
      if (callers.contains(row.execution_id))
        executions_.emplace(row.execution_id, load_execution(context_, session_, row));
    }
  }

  json::LazyJson result_of(const store::EndedChild& child) {
    if (child.return_step.empty()) return json::LazyJson::of_text(child.result);
    auto state = engine::state_from_text(child.state);
    if (!state) return {};
    const auto slot = state->results.find(child.return_step);
    if (slot == state->results.end()) return json::LazyJson::of_text(child.result);
    StoredValues values(session_, writes_, child.execution_id);
    if (slot->second.reference.is_set()) return values.result(slot->second.reference);
    if (!slot->second.loop.empty()) {
      return engine::loop_value(values.loop_results(slot->second.loop), slot->second.value.get());
    }
    return slot->second.value;
  }

  // What the caller's error says of where it was; of a playbook that called another one, of both.
  static std::string details_of(const Json& error, const store::EndedChild& child) {
    Json details = Json::object(), called{{"execution_id", child.execution_id.str()}, {"path", child.path}};
    for (const auto& [name, value] : error.items()) {
      if (name == "step" || name == "task" || name == "item" || name == "attempt" || name == "attempts" ||
          name == "child")
        called[name] = value;
      else if (domain::find_error_detail(name) != nullptr)
        details[name] = value;
    }
    details["child"] = std::move(called);
    return domain::json_text(details);
  }

  void resume_one(LoadedExecution& caller, const store::EndedChild& child) {
    const bool is_completed = child.status == domain::ExecutionStatus::completed;
    engine::NodeResult node_result;
    node_result.node_id = child.parent_node_id;
    node_result.outcome = is_completed ? domain::Outcome::completed : domain::Outcome::failed;
    node_result.frame = child.parent_frame;
    store::NewEventRow event;
    event.execution_id = caller.execution_id;
    event.event_type = is_completed ? "call.done" : "call.error";
    event.node_id = child.parent_node_id;
    if (const auto frame = engine::frame_from_text(child.parent_frame)) event.step = frame->step;
    event.status = is_completed ? "completed" : "failed";
    event.meta = Json{{"child_execution_id", child.execution_id.str()}}.dump();
    if (is_completed) {
      node_result.result = result_of(child);
    } else {
      const auto of_child = child.error.empty() ? Json::object() : Json::parse(child.error);
      auto error = engine::tool_error_from_json(of_child);
      error.details = details_of(of_child, child);
      error.message = "playbook '" + child.path + "', execution " + child.execution_id.str() + ", " +
                      std::string(domain::to_string(child.status)) + ": " + error.message;
      node_result.error = error;
      event.payload = domain::json_text(Json{{"error", engine::to_json(error)}});
    }
    (void)run_.react(caller, node_result, std::move(event));
  }

  dispatch::ServerContext& context_;
  postgres::Session& session_;
  WriteBatch writes_;
  DecisionApplier run_;
  std::map<base::ExecutionId, LoadedExecution> executions_;
};

// Gives those that have ended with it, whose callers are the next batch.
std::vector<base::ExecutionId> resume_batch(dispatch::ServerContext& context,
                                            const std::vector<store::UnreportedChild>& unreported) {
  std::vector<base::ExecutionId> ended;
  commit(context, [&](postgres::Session& session) {
    auto effects = CallerNotifier(context, session).resume(unreported);
    ended = std::exchange(effects.ended_children, {});
    return effects;
  });
  return ended;
}
}  // namespace

void resume_callers(dispatch::ServerContext& context, std::vector<base::ExecutionId> ended) {
  while (!ended.empty()) {
    std::vector<store::UnreportedChild> unreported;
    context.connections.run_one([&](postgres::Session& session) {
      unreported = store::ExecutionTable(session).unreported_children(ended, children_batch_max);
    });
    if (unreported.empty()) return;
    const auto more = resume_batch(context, unreported);
    // Of a full batch there may be others left.
    if (unreported.size() < static_cast<std::size_t>(children_batch_max)) ended.clear();
    ended.insert(ended.end(), more.begin(), more.end());
  }
}

DutyOutcome resume_waiting_callers(dispatch::ServerContext& context, int limit) {
  DutyOutcome outcome;
  std::vector<store::UnreportedChild> unreported;
  context.connections.run_one(
      [&](postgres::Session& session) { unreported = store::ExecutionTable(session).unreported_children({}, limit); });
  if (unreported.empty()) return outcome;
  DutyOutcome together;
  together.attempt("a batch", [&] { resume_callers(context, resume_batch(context, unreported)); });
  if (together.left == 0) {
    outcome.done = static_cast<int>(unreported.size());
    return outcome;
  }
  for (const auto& child : unreported) {
    outcome.attempt("execution " + child.parent_execution_id.str(), [&] {
      resume_callers(context, resume_batch(context, {child}));
      ++outcome.done;
    });
  }
  return outcome;
}

}  // namespace noetl::decisions
