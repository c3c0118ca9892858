#pragma once
// Use cases of commands to one worker: a row waits for its next heartbeat, the one after brings the answer, and whoever asked at any
// server waits for it. And what a worker asks for that was commanded: to cancel what it runs, to record an event. Any thread.
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/execution.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::queue {

struct CommandToWorker {
  std::string worker_id;
  std::string name;
  std::string body;  // JSON text of an object; checked
  std::chrono::milliseconds patience{10'000};
};
// Waits for the answer. Errors: not_found, when the worker is not there; saturated, when too many wait for it; timeout, with the id of
// the command, which may still be answered.
[[nodiscard]] base::Result<wire::WorkerCommandAnswer> command_worker(dispatch::ServerContext& context,
                                                                     const CommandToWorker& command,
                                                                     const std::stop_token& stop,
                                                                     const std::function<bool()>& is_asker_there);

struct WorkerCommandView {
  std::string name, state;
  int status = 0;  // 0: not answered
  std::string answer;  // JSON text, or empty
  std::string created_at, taken_at, answered_at;  // RFC 3339, or empty
};
// Errors: not_found.
[[nodiscard]] base::Result<WorkerCommandView> read_worker_command(dispatch::ServerContext& context,
                                                                  const std::string& worker_id,
                                                                  base::WorkerCommandId id);

// Under this name long polls are woken when answers of that worker have come. Names of pools have no blank.
[[nodiscard]] inline std::string answers_of(const std::string& worker_id) { return "answers of " + worker_id; }

// Either id is set.
struct CancelOfWorker {
  std::string worker_id;
  std::string instance;  // the process that asks
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string reason;
};
struct CancelledOfWorker {
  std::string status;  // cancelled, or how it had ended
  std::vector<base::ExecutionId> executions;
};
// Only what that worker runs. Errors: not_found; as the routes that cancel commands and executions have them.
[[nodiscard]] base::Result<CancelledOfWorker> cancel_of_worker(dispatch::ServerContext& context,
                                                               const CancelOfWorker& request);

struct EventOfWorker {
  std::string worker_id;
  base::ExecutionId execution_id;
  std::string event_type;
  std::string fields;  // JSON text of an object
};
// Errors: not_found; already_terminal.
[[nodiscard]] base::Result<base::EventId> record_event(dispatch::ServerContext& context, const EventOfWorker& event);

}  // namespace noetl::queue
