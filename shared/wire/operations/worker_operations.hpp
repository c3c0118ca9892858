#pragma once
// What a worker asks of the server: one table for HTTP (method and path) and for NATS (subject below a prefix, such as noetl.cluster).
// Constant; any thread.
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace noetl::wire {

inline constexpr std::string_view cluster_prefix_default = "noetl.cluster";

// Headers of requests and answers over NATS, besides those that HTTP has (Authorization, Retry-After, traceparent).
inline constexpr const char* path_header = "Noetl-Path";  // of a request: the path and query of `read` and `keep`
inline constexpr const char* status_header = "Noetl-Status";  // of an answer: the HTTP status
// The same for programs that know NATS' service protocol (ADR-32): of errors alone.
inline constexpr const char* service_error_header = "Nats-Service-Error";
inline constexpr const char* service_error_code_header = "Nats-Service-Error-Code";

struct WorkerOperation {
  std::string_view name;  // first token of the subject below the prefix; the worker's id follows, if any
  std::string_view method;  // of HTTP
  std::string_view path;  // {worker_id} stands for the worker's; empty: as path_header says
  bool names_worker = true;  // the subject has the worker's id after the name
};

[[nodiscard]] std::span<const WorkerOperation> worker_operations();

struct WorkerCall {
  const WorkerOperation* operation = nullptr;
  std::string worker_id;  // empty: the operation names none
};

// "noetl.cluster.heartbeat.worker-0.3" → heartbeat of worker-0.3. Nothing for a subject of another prefix, an unknown operation, or
// a worker's id that cannot be one.
[[nodiscard]] std::optional<WorkerCall> worker_call_of(std::string_view prefix, std::string_view subject);
// The operation of a request over HTTP; null when no worker makes it.
[[nodiscard]] const WorkerOperation* worker_operation_of(std::string_view method, std::string_view target);
// Where such a request goes. `worker_id` may be empty when the operation names no worker.
[[nodiscard]] std::string subject_of(std::string_view prefix, const WorkerOperation& operation,
                                     std::string_view worker_id);
// What to subscribe to: every request of this operation.
[[nodiscard]] std::string subject_filter_of(std::string_view prefix, const WorkerOperation& operation);
// "/api/v2/workers/{worker_id}/heartbeat" with the worker's id.
[[nodiscard]] std::string path_of(const WorkerOperation& operation, std::string_view worker_id);

}  // namespace noetl::wire
