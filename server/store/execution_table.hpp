#pragma once
// ExecutionTable: noetl.execution and noetl.result through one session. JSON columns are text here: the
// app parses what it looks inside. One thread, as long as the session.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/domain/execution.hpp"
#include "shared/wire/execution.hpp"

namespace noetl::store {

class Session;

struct NewExecution {
  base::ExecutionId execution_id;
  base::CatalogId catalog_id;
  std::string path;
  int version = 0;
  base::ExecutionId parent_execution_id;
  domain::ExecutionStatus status = domain::ExecutionStatus::running;
  int outstanding = 0;
  std::string current_step;
  std::string state, workload, result, error;   // JSON text; result and error may be empty
  std::string idempotency_key, traceparent;
};

struct LockedExecution {
  base::ExecutionId execution_id;
  base::CatalogId catalog_id;
  domain::ExecutionStatus status = domain::ExecutionStatus::running;
  std::string state, workload;
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
};

class ExecutionTable {
 public:
  explicit ExecutionTable(Session& session) : session_(session) {}

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

  void insert_results(const std::vector<StoredResult>& results);
  [[nodiscard]] std::map<base::ResultId, std::string> results(const std::vector<base::ResultId>& ids);

 private:
  Session& session_;
};

}  // namespace noetl::store
