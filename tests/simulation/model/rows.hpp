#pragma once
// Rows of the model database, column by column as in sql/schema.sql; a missing optional is null, and so is an empty
// text in the columns that may be null. Values; one thread.
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "server/store/executions/event_table.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/queue/queue_table.hpp"
#include "shared/wire/messages/catalog.hpp"
#include "shared/wire/messages/worker.hpp"
#include "tests/simulation/scheduler.hpp"

namespace noetl::simulation {

struct QueueRow {
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string node_id, step, tool_kind, pool;
  int priority = 0;
  domain::CommandStatus status = domain::CommandStatus::queued;
  int epoch = 0, attempts = 0, max_attempts = 0;
  std::chrono::milliseconds timeout{0};
  std::optional<Time> available_at;
  bool is_cancel_requested = false;
  std::string worker_id;
  std::string context, result, error, frame, retry, idempotency_key, traceparent;
  Time created_at{0};
  std::optional<Time> claimed_at, finished_at;
};

struct ExecutionRow {
  store::NewExecution row;
  bool is_parent_told = true;
  Time started_at{0};
  std::optional<Time> deadline_at;
};

struct WorkerRow {
  wire::WorkerRegistration registration;
  std::string status = "ready";
  bool should_drain = false;
  int running = 0;
  Time lease_until{0};

  [[nodiscard]] bool is_active() const { return status == "ready" || status == "draining"; }
  [[nodiscard]] bool is_of(const std::string& instance) const {
    return registration.instance.empty() || registration.instance == instance;
  }
};

struct ClaimRow {
  std::vector<base::CommandId> queue_ids;
  Time claimed_at{0};
};

struct LoopItemRow {
  std::string status = "pending";
  std::string item, result;
};

using ClaimKey = std::pair<std::string, base::ClaimId>;  // worker_id, claim_id
using LoopItemKey = std::tuple<base::ExecutionId, std::string, int>;  // execution_id, loop, item_index
using DepthKey = std::pair<std::string, domain::CommandStatus>;  // pool, status

}  // namespace noetl::simulation
