#pragma once
// Decision: what the engine is asked about, and what it decides. Values; any thread.
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/domain/command.hpp"
#include "shared/domain/execution.hpp"
#include "shared/domain/playbook.hpp"
#include "shared/engine/state/archive.hpp"
#include "shared/engine/state/frame.hpp"
#include "shared/engine/state/state.hpp"

namespace noetl::engine {

// What does not change while one decision is made.
struct DecisionInput {
  const domain::Playbook& playbook;
  base::ExecutionId execution_id;
  const domain::Json& workload;  // playbook.workload with the payload merged over it
  Archive& archive;  // what was stored outside the state
  // Ids for results above reference_bytes_min, which leave the state within the decision. Empty: they stay.
  std::function<base::ResultId()> new_result_id = {};
};

// A result that is too large for the state, moved out of it. The state keeps a reference, and of one above
// reference_bytes_min what templates can read without it: `_ref`, `_store`, `_preview` and the fields of
// the step's `output_select` (NoETL's threshold).
inline constexpr std::size_t reference_bytes_min = 64 * 1024;

struct LargeResult {
  base::ResultId result_id;
  std::string step;
  std::string json;
};

// A command to be queued. Its node_id is unique in the execution: "step", "step#2" on a second visit,
// "step#1[7]" for loop item 7, so that UNIQUE(execution_id, node_id) in SQL holds R7.
struct NewCommand {
  std::string step;
  std::string node_id;
  std::string tool_kind;
  domain::Json tool = domain::Json::object();  // rendered options, kind included
  domain::Json input = domain::Json::object();  // rendered arguments
  std::vector<std::string> templates;  // where tool and input hold templates for the worker: "/tool/headers/X"
  domain::Json names;  // for code: values it may name beside its arguments; null: none
  std::string pool{domain::default_pool};
  int priority = 0;
  int max_attempts = 3;  // claims, so a dead worker is survived; not tool retries
  std::chrono::milliseconds timeout{0};
  std::chrono::milliseconds delay{0};  // not before now + delay (retry backoff)
  std::string frame;  // JSON, to come back with the NodeResult; empty: nothing to remember
  bool may_run_ahead = false;  // of a loop that takes one at a time: its worker may go on with what follows (ahead.hpp)
};

// A playbook called as a tool: an execution of its own, started in the same transaction. Its end is the
// NodeResult of this node. When it cannot be started, that is a failed NodeResult at once.
struct NewChild {
  std::string step;
  std::string node_id;
  std::string path;  // as in POST /api/v2/execute; or
  std::string catalog_id;
  std::optional<int> version;  // none: the latest
  domain::Json payload = domain::Json::object();
  std::string return_step;  // whose result is the child's; empty: the execution's result
  bool is_waited_for = true;  // false: the result is {execution_id, status} at once
  std::chrono::milliseconds timeout{0};
  std::string frame;
};

// The items of a loop that begins, by index from 0.
struct NewLoop {
  std::string loop;  // node of the loop
  int first = 0;  // index of the first of them: a cursor adds more as it goes
  std::vector<domain::Json> items;
};

// How one iteration ended. Each item gets exactly one of these.
struct LoopOutcome {
  std::string loop;
  int index = 0;
  bool is_completed = true;
  json::LazyJson result;  // or {"status":"error","error":{…}}
};

// A fact to be appended to the log beside the one that is being decided about: step.skipped,
// playbook.initialized, playbook.completed, playbook.failed, sink.failed, ctx.updated, ….
struct NewEvent {
  std::string event_type;
  std::string step;
  std::string status;
  json::LazyJson payload;
};

struct Finish {
  domain::ExecutionStatus status = domain::ExecutionStatus::completed;
  json::LazyJson result;  // of the last step that completed, or what `result` actions set; null unless completed
  domain::Json error;  // {kind, message, step} when failed, and what else is known of where: tool_error.hpp
};

struct Decision {
  State state;
  std::vector<NewCommand> commands;
  std::vector<NewChild> children;
  std::vector<NewLoop> loops;
  std::vector<LoopOutcome> loop_outcomes;
  std::vector<LargeResult> large_results;
  std::vector<NewEvent> events;
  std::optional<Finish> finish;  // given exactly when nothing is outstanding any more (quiescence)
  domain::Json place;  // of a result that failed: {step, task, item, attempt, attempts}, as far as it has them
};

// How one command of the execution ended.
struct NodeResult {
  std::string node_id;
  domain::Outcome outcome = domain::Outcome::completed;
  json::LazyJson result;  // for completed, and of a failed tool that brought one
  std::optional<domain::ToolError> error;  // for failed
  std::string frame;  // as the command was given it
};

}  // namespace noetl::engine
