#pragma once
// Executions: POST /api/v2/execute(/batch), GET /api/v2/executions…, POST …/cancel. Values; any thread.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/error.hpp"
#include "shared/base/ids.hpp"

namespace noetl::wire {

inline constexpr std::size_t execute_batch_max = 1000;
inline constexpr std::size_t page_size_max = 1000;

struct ExecuteRequest {
  std::string path;  // this or catalog_id
  base::CatalogId catalog_id;
  std::optional<int> version;  // nothing: the latest
  std::string payload = "{}";  // JSON object, merged over the playbook's workload
  base::ExecutionId parent_execution_id;
  std::string idempotency_key;  // empty: none
  std::string traceparent;
  std::string group;  // in whose line it waits to begin; empty: with others of its playbook
  std::chrono::milliseconds timeout{0};  // of the whole execution, from when it is due; 0: as the playbook says
  std::chrono::milliseconds delay{0};  // before its first commands are due
  std::string start_at;  // RFC 3339, instead of a delay; empty: none
};

// {execution_id, status:"started"|"scheduled"|"duplicate", commands_generated}
struct ExecuteAnswer {
  base::ExecutionId execution_id;
  int commands_generated = 0;
  bool is_duplicate = false;  // the key was known: the first execution's answer
  bool is_scheduled = false;  // it begins later
};

struct ExecutionRow {
  base::ExecutionId execution_id;
  base::CatalogId catalog_id;
  std::string path;
  int version = 0;
  std::string status;  // upper case, as NoETL shows it; SCHEDULED: runs when it is due
  base::ExecutionId parent_execution_id;
  std::string current_step;
  std::vector<std::string> completed_steps;
  std::string variables = "{}";  // JSON text
  std::string workload = "{}";  // JSON text
  std::string result = "null";  // JSON text
  std::string error = "null";  // JSON text: {kind, message, step, …}
  std::string created_at;  // RFC 3339: when the server accepted it
  std::string started_at, finished_at;  // RFC 3339; empty before it is due, while it runs
  std::string deadline_at;  // RFC 3339; empty: no limit, or ended
  std::string due_at;  // RFC 3339: when it begins, or was to; empty: at once
  std::string wait_reason, wait_message;  // why one that runs does nothing now: a code and a line; else empty
  bool is_paused = false;
  double duration_seconds = 0;
  int outstanding_commands = 0;
};

struct ExecutionFilter {
  std::string status;  // any spelling; empty: all
  std::string path;
  base::ExecutionId parent_execution_id;
  base::ExecutionId before;  // keyset cursor: ids below this one
  int limit = 100;
};

struct EventRow {
  base::EventId event_id;
  base::ExecutionId execution_id;
  base::CommandId queue_id;
  std::string event_type;  // NoETL's names: playbook.initialized, command.issued, …
  std::string step;
  std::string status;
  std::string payload = "null";  // JSON text
  std::string meta = "null";  // JSON text
  std::string worker_id;
  std::string created_at;
};

struct EventFilter {
  base::ExecutionId execution_id;
  std::string event_type;  // empty: all
  std::string step;
  base::EventId after;  // cursor
  int limit = 100;
};

struct CancelRequest {
  base::ExecutionId execution_id;
  std::string reason;
  bool cascade = true;
};

// {status: cancelled|already_completed, execution_id, cancelled_executions[], message}
struct CancelAnswer {
  std::string status;
  std::vector<base::ExecutionId> cancelled_executions;
};

}  // namespace noetl::wire
