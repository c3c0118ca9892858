#pragma once
// What may be commanded of one worker: one table for the worker that obeys, the server that passes commands on, and the documents.
// docs/internals/decisions/0034-commands-to-one-worker.md. Constant values; any thread.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.hpp"
#include "shared/base/result.hpp"

namespace noetl::wire {

enum class WorkerCommandName {
  ping,
  status,
  pause,
  resume,
  drain,
  cancel,
  deploy,
  undeploy,
  inject,
  inject_batch,
  checkpoint,
  restore
};

struct WorkerCommandField {
  std::string_view name;
  std::string_view bounds;  // for people
};

struct WorkerCommandKind {
  WorkerCommandName id;
  std::string_view name;  // last token of its subject, last part of its path
  std::string_view does;
  std::span<const WorkerCommandField> fields;
  std::size_t bytes_max;  // of its body
};

inline constexpr std::size_t deployment_name_bytes_max = 64;
inline constexpr std::size_t deployment_source_bytes_max = 64UL * 1024;
inline constexpr std::size_t injected_events_max = 1000;
inline constexpr std::size_t worker_command_bytes_max = 1024UL * 1024;
inline constexpr std::size_t event_type_bytes_max = 128;

[[nodiscard]] std::span<const WorkerCommandKind> worker_commands();
// Null: there is none of that name.
[[nodiscard]] const WorkerCommandKind* worker_command_of(std::string_view name);

// 1 to 64 of A-Z a-z 0-9 _ -: a token of a subject.
[[nodiscard]] bool is_deployment_name(std::string_view text);
// 1 to 128 of A-Z a-z 0-9 . _ -.
[[nodiscard]] bool is_event_type(std::string_view text);
// Not one of the names under which the product itself records what happens to executions.
[[nodiscard]] bool is_own_event_type(std::string_view text);

struct InjectedEvent {
  std::string event_type;
  std::string fields = "{}";  // JSON text of an object
};

// A deployment as it can be made again, also on another worker. JSON: {name, source, events, failures, last_event_type}
struct DeploymentCheckpoint {
  std::string name;
  std::string source;
  std::int64_t events = 0;  // that it has run for
  std::int64_t failures = 0;
  std::string last_event_type = {};  // empty: none
};

// Of all: {deployments, is_paused, running}; what ran is for people.
struct WorkerCheckpoint {
  std::vector<DeploymentCheckpoint> deployments;
  std::optional<bool> is_paused;  // of one deployment: nothing
};

// One command with its body; which fields are set depends on its kind.
struct WorkerCommandRequest {
  const WorkerCommandKind* kind = nullptr;
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string reason;
  std::string pipeline_id;  // of a deployment; of deploy its `name`
  std::string source;
  std::vector<InjectedEvent> events;
  WorkerCheckpoint checkpoint;
};

// Reads a command strictly. An empty body is {}. Errors: not_found for an unknown name; payload_too_large; malformed_body; invalid_input
// with the field.
[[nodiscard]] base::Result<WorkerCommandRequest> decode_worker_command(std::string_view name, std::string_view body);

}  // namespace noetl::wire
