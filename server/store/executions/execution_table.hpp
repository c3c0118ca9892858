#pragma once
// ExecutionTable: noetl.execution and noetl.result through one session. JSON columns are text here: the
// app parses what it looks inside. One thread, as long as the session.
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/domain/execution.hpp"
#include "shared/wire/messages/execution.hpp"
#include "shared/wire/stored_result.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct NewExecution {
  base::ExecutionId execution_id;
  base::CatalogId catalog_id;
  std::string path;
  int version = 0;
  base::ExecutionId parent_execution_id;
  domain::ExecutionStatus status = domain::ExecutionStatus::running;
  int outstanding = 0;
  std::string current_step;
  std::string state, workload, result, error;  // JSON text; result and error may be empty
  std::string idempotency_key, traceparent;
  int depth = 0;  // of the callers above it
  std::string parent_node_id, parent_frame, return_step;  // of one whose caller waits for it; else empty
  bool is_paused = false;  // as its caller
  std::chrono::milliseconds timeout{0};  // until it is failed; 0: no limit
  std::chrono::milliseconds start_delay{0};  // until it is due; 0: at once
  base::ExecutionId rerun_of;  // that this one repeats
};

struct LockedExecution {
  base::ExecutionId execution_id;
  base::CatalogId catalog_id;
  domain::ExecutionStatus status = domain::ExecutionStatus::running;
  std::string state, workload;
  int depth = 0;
  bool has_caller = false;  // that waits for its end
  bool is_paused = false;
};

struct UnreportedChild {
  base::ExecutionId execution_id;
  base::ExecutionId parent_execution_id;
};

// An execution that has ended and whose caller waits for it. JSON columns are text, or empty for NULL.
struct EndedChild {
  base::ExecutionId execution_id;
  base::ExecutionId parent_execution_id;
  std::string parent_node_id, parent_frame, return_step, path, state, result, error;
  domain::ExecutionStatus status = domain::ExecutionStatus::completed;
};

struct NewLoopItem {
  base::ExecutionId execution_id;
  std::string loop;
  int index = 0;
  std::string item;
};

struct EndedLoopItem {
  base::ExecutionId execution_id;
  std::string loop;
  int index = 0;
  bool is_completed = true;
  std::string result;
};

struct ExecutionUpdate {
  base::ExecutionId execution_id;
  domain::ExecutionStatus status = domain::ExecutionStatus::running;
  int outstanding = 0;
  std::string current_step, state, result, error;
};

struct StoredResult {
  base::ResultId result_id;
  base::ExecutionId execution_id;
  std::string step;
  std::string value;
};

struct KeyedExecution {
  base::ExecutionId execution_id;
  std::string path;
  base::ExecutionId rerun_of;
  base::CatalogId catalog_id;
  int version = 0;
  std::string workload;  // JSON text: what it began with
};

class ExecutionTable {
 public:
  explicit ExecutionTable(postgres::Session& session) : session_(session) {}

  // The ids that were inserted: those whose idempotency key is known already are left out.
  [[nodiscard]] std::vector<base::ExecutionId> insert(const std::vector<NewExecution>& executions);
  [[nodiscard]] std::map<std::string, KeyedExecution> by_keys(const std::vector<std::string>& keys);
  // Locks the rows in the order of their ids until the transaction ends.
  [[nodiscard]] std::vector<LockedExecution> lock(const std::vector<base::ExecutionId>& ids);
  void update(const std::vector<ExecutionUpdate>& updates);
  [[nodiscard]] std::vector<base::ExecutionId> running_children(base::ExecutionId parent);

  // `state_text` gets the engine's state as stored.
  [[nodiscard]] std::optional<wire::ExecutionRow> find(base::ExecutionId id, std::string& state_text);
  [[nodiscard]] std::vector<wire::ExecutionRow> list(const wire::ExecutionFilter& filter, const std::string& status);

  // Children that have ended and whose caller is not told yet: of these, or any when there are none given.
  [[nodiscard]] std::vector<UnreportedChild> unreported_children(const std::vector<base::ExecutionId>& of, int limit);
  [[nodiscard]] std::vector<EndedChild> ended_children(const std::vector<base::ExecutionId>& ids);
  void mark_callers_resumed(const std::vector<base::ExecutionId>& ids);

  void insert_loop_items(const std::vector<NewLoopItem>& items);
  void end_loop_items(const std::vector<EndedLoopItem>& items);
  // Items with indexes in [from, until), as JSON texts by index.
  [[nodiscard]] std::map<int, std::string> loop_items(base::ExecutionId id, const std::string& loop, int from,
                                                      int until);
  [[nodiscard]] std::vector<std::string> loop_results(base::ExecutionId id, const std::string& loop);

  // False: the command is not run by this worker at this epoch, or belongs to no execution.
  [[nodiscard]] bool store_result(base::ResultId id, const wire::StoreResultRequest& request);
  void insert_results(const std::vector<StoredResult>& results);
  [[nodiscard]] std::map<base::ResultId, std::string> results(const std::vector<base::ResultId>& ids);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
