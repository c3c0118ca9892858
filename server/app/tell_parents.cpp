#include "server/app/tell_parents.hpp"

#include <map>
#include <set>

#include "server/app/open_execution.hpp"
#include "server/app/stored_values.hpp"
#include "shared/engine/loop_value.hpp"
#include "shared/engine/tool_error.hpp"
#include "server/store/connection_pool.hpp"
#include "shared/domain/error_details.hpp"
#include "shared/domain/json_text.hpp"

namespace noetl::app {

namespace {
using domain::Json;

constexpr int children_batch_max = 256;

// One transaction: callers and called are locked in the order of their ids, as everywhere.
class Telling {
 public:
  Telling(ServerContext& context, store::Session& session)
      : context_(context), session_(session), run_(context, session, writes_) {}

  void tell(const std::vector<store::UntoldChild>& untold) {
    lock(untold);
    std::vector<base::ExecutionId> ids;
    for (const auto& child : untold) ids.push_back(child.execution_id);
    std::vector<base::ExecutionId> told;
    for (auto& child : store::ExecutionTable(session_).ended_children(ids)) {
      told.push_back(child.execution_id);
      const auto caller = executions_.find(child.parent_execution_id);
      if (caller == executions_.end() || caller->second.status != domain::ExecutionStatus::running) continue;
      if (caller->second.finish) continue;
      tell_one(caller->second, child);
    }
    if (!told.empty()) store::ExecutionTable(session_).mark_parents_told(told);
    for (auto& [id, open] : executions_) run_.add_update(open);
    writes_.write(session_);
  }
  [[nodiscard]] const DecisionWrites& writes() const { return writes_; }

 private:
  void lock(const std::vector<store::UntoldChild>& untold) {
    std::set<base::ExecutionId> all;
    std::set<base::ExecutionId> callers;
    for (const auto& child : untold) {
      all.insert(child.execution_id);
      all.insert(child.parent_execution_id);
      callers.insert(child.parent_execution_id);
    }
    for (const auto& row : store::ExecutionTable(session_).lock({all.begin(), all.end()})) {
      if (callers.contains(row.execution_id))
        executions_.emplace(row.execution_id, open_execution(context_, session_, row));
    }
  }

  wire::LazyJson result_of(const store::EndedChild& child) {
    if (child.return_step.empty()) return wire::LazyJson::of_text(child.result);
    auto state = engine::state_from_text(child.state);
    if (!state) return {};
    const auto slot = state->results.find(child.return_step);
    if (slot == state->results.end()) return wire::LazyJson::of_text(child.result);
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
      if (name == "step" || name == "task" || name == "item" || name == "attempt" || name == "attempts" || name == "child")
        called[name] = value;
      else if (domain::find_error_detail(name) != nullptr)
        details[name] = value;
    }
    details["child"] = std::move(called);
    return domain::json_text(details);
  }

  void tell_one(OpenExecution& caller, const store::EndedChild& child) {
    const bool is_completed = child.status == domain::ExecutionStatus::completed;
    engine::Occurrence occurrence;
    occurrence.node_id = child.parent_node_id;
    occurrence.outcome = is_completed ? domain::Outcome::completed : domain::Outcome::failed;
    occurrence.frame = Json::parse(child.parent_frame);
    store::NewEventRow event;
    event.execution_id = caller.execution_id;
    event.event_type = is_completed ? "call.done" : "call.error";
    event.node_id = child.parent_node_id;
    event.step = occurrence.frame.value("step", std::string());
    event.status = is_completed ? "completed" : "failed";
    event.meta = Json{{"child_execution_id", child.execution_id.str()}}.dump();
    if (is_completed) {
      occurrence.result = result_of(child);
    } else {
      const auto of_child = child.error.empty() ? Json::object() : Json::parse(child.error);
      auto error = engine::tool_error_from_json(of_child);
      error.details = details_of(of_child, child);
      error.message = "playbook '" + child.path + "', execution " + child.execution_id.str() + ", " +
                      std::string(domain::to_string(child.status)) + ": " + error.message;
      occurrence.error = error;
      event.payload = domain::json_text(Json{{"error", engine::to_json(error)}});
    }
    (void)run_.react(caller, occurrence, std::move(event));
  }

  ServerContext& context_;
  store::Session& session_;
  DecisionWrites writes_;
  DecisionRun run_;
  std::map<base::ExecutionId, OpenExecution> executions_;
};

// Gives those that have ended with it.
std::vector<base::ExecutionId> tell_batch(ServerContext& context, const std::vector<store::UntoldChild>& untold) {
  std::vector<base::ExecutionId> ended;
  std::vector<notify::Notification> notifications;
  counts::Work work;
  context.connections.transact([&](store::Session& session) {
    Telling telling(context, session);
    telling.tell(untold);
    ended = telling.writes().ended_children;
    notifications = telling.writes().notifications;
    work = telling.writes().work;
  });
  context.work_counts.add(work);
  notify_workers(context, notifications);
  return ended;
}
}  // namespace

void tell_parents(ServerContext& context, std::vector<base::ExecutionId> ended) {
  while (!ended.empty()) {
    std::vector<store::UntoldChild> untold;
    context.connections.run_one([&](store::Session& session) {
      untold = store::ExecutionTable(session).untold_children(ended, children_batch_max);
    });
    if (untold.empty()) return;
    const auto more = tell_batch(context, untold);
    // Of a full batch there may be others left.
    if (untold.size() < static_cast<std::size_t>(children_batch_max)) ended.clear();
    ended.insert(ended.end(), more.begin(), more.end());
  }
}

DutyOutcome tell_waiting_parents(ServerContext& context, int limit) {
  DutyOutcome outcome;
  std::vector<store::UntoldChild> untold;
  context.connections.run_one(
      [&](store::Session& session) { untold = store::ExecutionTable(session).untold_children({}, limit); });
  if (untold.empty()) return outcome;
  DutyOutcome together;
  together.attempt("a batch", [&] { tell_parents(context, tell_batch(context, untold)); });
  if (together.left == 0) {
    outcome.done = static_cast<int>(untold.size());
    return outcome;
  }
  for (const auto& child : untold) {
    outcome.attempt("execution " + child.parent_execution_id.str(), [&] {
      tell_parents(context, tell_batch(context, {child}));
      ++outcome.done;
    });
  }
  return outcome;
}

}  // namespace noetl::app
