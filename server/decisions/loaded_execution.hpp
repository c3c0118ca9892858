#pragma once
// LoadedExecution: an execution that decisions are made about within one transaction, and the steps from a
// decision to what is written of it. Playbooks that are called as tools begin here, in the transaction of
// their caller. One thread, as long as the session.
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/catalog/playbook_cache.hpp"
#include "server/decisions/stored_values.hpp"
#include "server/decisions/write_batch.hpp"
#include "shared/wire/messages/execution.hpp"

namespace noetl::decisions {

struct LoadedExecution {
  base::ExecutionId execution_id;
  catalog::PlaybookPtr playbook;
  domain::Json workload;
  engine::State state;
  domain::ExecutionStatus status = domain::ExecutionStatus::running;
  int depth = 0;
  bool has_caller = false;  // that is to be told of its end
  bool is_paused = false;  // what it issues waits until it is resumed
  std::chrono::milliseconds start_delay{0};  // of what it issues first
  std::optional<engine::Finish> finish;
  bool is_changed = false;
};

// Callers above an execution; one more is refused, so that a playbook that calls itself comes to an end.
inline constexpr int depth_max = 32;

// As NoETL: the payload's keys replace the workload's, one level deep.
[[nodiscard]] domain::Json merged_workload(const domain::Playbook& playbook, const domain::Json& payload);

// executor.spec.timeout: how long an execution may take; 0: as long as it likes.
[[nodiscard]] std::chrono::milliseconds limit_of(const domain::Playbook& playbook);

// Opens a locked execution. An error: what is stored of it cannot be read, or its playbook cannot any more.
[[nodiscard]] base::Result<LoadedExecution> try_load_execution(dispatch::ServerContext& context,
                                                               postgres::Session& session,
                                                               const store::LockedExecution& row);
// The same, and throws that.
[[nodiscard]] LoadedExecution load_execution(dispatch::ServerContext& context, postgres::Session& session,
                                             const store::LockedExecution& row);

// Adds where it was to an error's JSON text, or to the `error` of an event's payload.
void add_place(std::string& text, const domain::Json& place);

class DecisionApplier {
 public:
  DecisionApplier(dispatch::ServerContext& context, postgres::Session& session, WriteBatch& writes)
      : context_(context), session_(session), writes_(writes) {}

  // Decides about a node's result. `event` is the row that tells of it: it gets its id and is written. Gives where a failed one was
  // (engine::Decision::place), which the event's error says by then.
  domain::Json react(LoadedExecution& open, const engine::NodeResult& node_result, store::NewEventRow event);
  // What the first decision of an execution comes to; its first event tells which commands were issued.
  void begin(LoadedExecution& open, engine::Decision decision);
  // The row of an execution that has begun, which is to be counted when it is written.
  [[nodiscard]] store::NewExecution row_of(LoadedExecution& open);
  // The update of one that went on; nothing when nothing was decided about it.
  void add_update(LoadedExecution& open);

 private:
  void follow(LoadedExecution& open, engine::Decision& decision);
  void count_end(const LoadedExecution& open);
  static void postpone(const LoadedExecution& open, std::vector<engine::NewCommand>& commands);
  [[nodiscard]] std::function<base::ResultId()> new_result_id();
  [[nodiscard]] std::string payload_of(const engine::NodeResult& node_result, const store::NewEventRow& event,
                                       const std::vector<log_notes::LeftResult>& left) const;
  void begin_child(LoadedExecution& caller, engine::NewChild child);
  void child_ended_at_once(LoadedExecution& caller, const engine::NewChild& child, domain::Json result,
                           std::optional<domain::ToolError> error, base::ExecutionId child_id);

  dispatch::ServerContext& context_;
  postgres::Session& session_;
  WriteBatch& writes_;
  // By execution, for as long as the transaction: a report of hundreds of items of a loop reads the next ones ahead once.
  std::map<base::ExecutionId, StoredValues> values_;
};

}  // namespace noetl::decisions
