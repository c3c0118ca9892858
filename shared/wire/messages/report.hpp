#pragma once
// Reporting: POST /api/v2/events, one event or {worker_id, events:[…]}.
// An event with queue_id and epoch ends an attempt: name is command.completed, command.failed,
// command.cancelled or command.released; or it tells of one that goes on: command.progress, command.log. Without them it is NoETL v1's shape {execution_id, step, name,
// payload, worker_id}: step.enter, call.done, call.error, step.exit, or any progress the caller wants kept.
// Values; any thread.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/error.hpp"
#include "shared/domain/command.hpp"

namespace noetl::wire {

inline constexpr std::size_t report_events_max = 2048;

// The end of one attempt. JSON: {queue_id, epoch, name, payload:{result | error, output}, meta:{duration_ms, trace_id}}
struct AttemptReport {
  domain::Lease lease;
  domain::Outcome outcome = domain::Outcome::completed;
  std::string result = "null";  // JSON text, for completed
  std::optional<domain::ToolError> error;  // for failed
  std::string output;  // what the tool printed, cut to a bound
  std::chrono::microseconds duration{0};  // of the tool alone, by the worker's steady clock
  base::ExecutionId execution_id;  // as claimed; a hint that saves a look-up, may be unset. JSON: execution_id
  std::string trace_id = {};  // of the command's traceparent: 32 hex digits, or empty
};

// What a command says while it runs, fenced like an end but ending nothing. JSON: {queue_id, epoch, name, payload}
struct AttemptNote {
  domain::Lease lease;
  std::string name;  // command.progress, or command.log when the payload has lines of `output`
  std::string payload = "{}";  // JSON text of an object: {fraction, rows, text, output, dropped_bytes}
};
inline constexpr std::string_view progress_event = "command.progress";
inline constexpr std::string_view log_event = "command.log";
inline constexpr std::size_t note_bytes_max = 64 * 1024;  // of the payload

// NoETL v1's shape, and free progress events. `name` "step.exit" completes, "call.error" fails.
struct StepEvent {
  base::ExecutionId execution_id;
  base::EventId event_id;  // made by the sender for idempotency; unset: the server makes one
  std::string step;
  std::string name;
  std::string payload = "{}";  // JSON text of an object
  std::string meta = "{}";  // JSON text of an object
};

struct ReportRequest {
  std::string worker_id;
  std::vector<AttemptReport> attempts;
  std::vector<StepEvent> events;
  std::vector<AttemptNote> notes;
  std::string instance = {};  // header instance_header (wire/worker)
};

// What became of one attempt or event, in the order of the request: attempts, then events, then notes.
struct ReportVerdict {
  base::CommandId queue_id;  // unset for a StepEvent
  std::optional<base::ErrorCode> refused;  // lease_lost, not_found, …; nothing: recorded
  bool is_duplicate = false;  // recorded before; the first answer stands
  std::string message;  // for a refusal: what was found
  std::optional<std::chrono::milliseconds> retry_after;  // the command waits again: nak with this delay
  bool is_of_another = false;  // refused because another worker holds the command; not on the wire
};

// {"status":"ok","commands_generated":n,"verdicts":[{queue_id,status,code,retry_after_ms}]}
struct ReportAnswer {
  int commands_generated = 0;
  std::vector<ReportVerdict> verdicts;
};

}  // namespace noetl::wire
