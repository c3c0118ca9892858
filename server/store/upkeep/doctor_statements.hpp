#pragma once
// DoctorStatements: what `noetlctl doctor` reads, through one session. JSON columns are text. One thread.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/ids.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct Finding {
  std::string id;  // of the command, execution, pool, … that it is about
  std::string what;
};

struct Findings {
  std::vector<Finding> shown;  // the first of them
  std::int64_t total = 0;
};

struct PostgresState {
  int connections_max = 0, connections_used = 0;
  std::string autovacuum, fsync, synchronous_commit, track_counts, server_version;
  std::int64_t database_bytes = 0;
  std::string data_directory;  // empty: not for this user's eyes
  std::int64_t now_us = 0;  // Unix microseconds
};

struct InspectedExecution {
  base::ExecutionId execution_id;
  base::CatalogId catalog_id;
  std::string status;
  int outstanding = 0;
  std::string current_step, state, workload, result, error;  // result and error may be empty
};

struct InspectedEvent {
  base::EventId event_id;
  std::string event_type, step, node_id, payload, meta;
};

struct InspectedNode {
  std::string node_id;
  bool is_open = false;
};

struct InspectedItem {
  std::string loop;
  int index = 0;
  std::string status, item, result;
};

struct PoolSlots {
  std::string pool;
  std::int64_t slots = 0;
};

class DoctorStatements {
 public:
  explicit DoctorStatements(postgres::Session& session) : session_(session) {}

  // Runs the statement of a check, with its one parameter when it has one.
  [[nodiscard]] Findings find(const char* statement, std::optional<std::int64_t> parameter = {});
  [[nodiscard]] PostgresState postgres();
  [[nodiscard]] std::vector<PoolSlots> pools();

  [[nodiscard]] std::vector<base::ExecutionId> executions(base::ExecutionId before, int limit);
  [[nodiscard]] std::optional<InspectedExecution> execution(base::ExecutionId id);
  [[nodiscard]] std::vector<InspectedEvent> changes(base::ExecutionId id, base::EventId after, int limit);
  [[nodiscard]] std::vector<InspectedNode> nodes(base::ExecutionId id);
  [[nodiscard]] std::vector<InspectedItem> loop_items(base::ExecutionId id, const std::string& after_loop,
                                                      int after_index, int limit);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
