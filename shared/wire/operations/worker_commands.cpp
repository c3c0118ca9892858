#include "shared/wire/operations/worker_commands.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "shared/domain/json_text.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/parse_body.hpp"

namespace noetl::wire {
namespace {

using base::ErrorCode;
using Name = WorkerCommandName;
using Field = WorkerCommandField;

constexpr std::size_t small_bytes_max = 4096;
constexpr std::size_t source_bytes_max = 2 * deployment_source_bytes_max;  // JSON escapes around it

constexpr std::array cancel_fields{Field{"queue_id", "an id, or"}, Field{"execution_id", "an id"},
                                   Field{"reason", "at most 500 characters; may be left out"}};
constexpr std::array deploy_fields{Field{"name", "1 to 64 of A-Z a-z 0-9 _ -"},
                                   Field{"source", "YAML or JSON of one tool, at most 64 KiB"}};
constexpr std::array named_fields{Field{"pipeline_id", "the name of a deployment"}};
constexpr std::array inject_fields{Field{"pipeline_id", "the name of a deployment, or"}, Field{"execution_id", "an id"},
                                   Field{"event_type", "1 to 128 of A-Z a-z 0-9 . _ -"},
                                   Field{"fields", "an object; {} when left out"}};
constexpr std::array batch_fields{Field{"pipeline_id", "the name of a deployment"},
                                  Field{"events", "1 to 1000 of {event_type, fields}"}};
constexpr std::array checkpoint_fields{Field{"pipeline_id", "the name of a deployment; left out: all"}};
constexpr std::array restore_fields{Field{"pipeline_id", "the name of a deployment; left out: all of the checkpoint"},
                                    Field{"checkpoint", "an answer's `checkpoint`"}};

// clang-format off
constexpr std::array commands{
    WorkerCommandKind{Name::ping, "ping", "says that the worker is there", {}, small_bytes_max},
    WorkerCommandKind{Name::status, "status", "says what it runs and has done", {}, small_bytes_max},
    WorkerCommandKind{Name::pause, "pause", "claims nothing more; gives back what it has not begun, ends what runs", {}, small_bytes_max},
    WorkerCommandKind{Name::resume, "resume", "claims again", {}, small_bytes_max},
    WorkerCommandKind{Name::drain, "drain", "finishes what it has and ends", {}, small_bytes_max},
    WorkerCommandKind{Name::cancel, "cancel", "asks the server to cancel what this worker runs, and stops the tool", cancel_fields, small_bytes_max},
    WorkerCommandKind{Name::deploy, "deploy", "makes a tool program ready on this worker, or replaces it", deploy_fields, source_bytes_max},
    WorkerCommandKind{Name::undeploy, "undeploy", "forgets a program", named_fields, small_bytes_max},
    WorkerCommandKind{Name::inject, "inject", "runs a program once for an event, or records the event of a running execution", inject_fields, worker_command_bytes_max},
    WorkerCommandKind{Name::inject_batch, "inject_batch", "runs a program for each of several events, in their order", batch_fields, worker_command_bytes_max},
    WorkerCommandKind{Name::checkpoint, "checkpoint", "says what is needed to make one program, or all, again", checkpoint_fields, small_bytes_max},
    WorkerCommandKind{Name::restore, "restore", "makes programs again from a checkpoint, also of another worker", restore_fields, worker_command_bytes_max},
};
// clang-format on

std::string all_names() {
  std::string names;
  for (const auto& kind : commands) {
    if (!names.empty()) names += &kind == &commands.back() ? " and " : ", ";
    names += kind.name;
  }
  return names;
}

bool consists_of(std::string_view text, std::size_t bytes_max, std::string_view others) {
  const auto fits = [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= bytes_max && std::ranges::all_of(text, fits);
}

std::string read_deployment(json::ObjectReader& reader, std::string_view field, bool is_required) {
  std::string name =
      is_required ? reader.required_string(field) : reader.optional_string(field, {1, 4096}).value_or("");
  if (!name.empty() && !is_deployment_name(name)) reader.refuse(field, "must be 1 to 64 of A-Z a-z 0-9 _ -");
  return name;
}

InjectedEvent read_injected(json::ObjectReader& reader) {
  InjectedEvent event;
  event.event_type = reader.required_string("event_type", {1, event_type_bytes_max});
  if (!reader.has_failed() && !is_event_type(event.event_type))
    reader.refuse("event_type", "must be 1 to 128 of A-Z a-z 0-9 . _ -");
  const auto* fields = reader.optional_object("fields");
  if (fields == nullptr) return event;
  if (fields->contains("event_type"))
    reader.refuse("fields", "must not have 'event_type': the program gets that of the event under this name");
  event.fields = domain::json_text(*fields);
  return event;
}

void read_inject(json::ObjectReader& reader, WorkerCommandRequest& request) {
  request.pipeline_id = read_deployment(reader, "pipeline_id", false);
  request.execution_id = reader.optional_id<base::ExecutionId>("execution_id");
  if (!reader.has_failed() && request.pipeline_id.empty() == !request.execution_id.is_set())
    reader.refuse("pipeline_id", "or '/execution_id' must be given, and not both");
  request.events.push_back(read_injected(reader));
  if (!reader.has_failed() && request.execution_id.is_set() && is_own_event_type(request.events[0].event_type))
    reader.refuse("event_type", "'" + request.events[0].event_type +
                                    "' is a name under which executions are recorded: give the event another");
}

void read_batch(json::ObjectReader& reader, WorkerCommandRequest& request) {
  request.pipeline_id = read_deployment(reader, "pipeline_id", true);
  const auto* events = reader.required_array("events", injected_events_max, 1);
  for (std::size_t i = 0; events != nullptr && i < events->size() && !reader.has_failed(); ++i) {
    json::ObjectReader item((*events)[i], "/events/" + std::to_string(i));
    request.events.push_back(read_injected(item));
    if (auto error = item.finish()) reader.refuse(std::move(*error));
  }
}

DeploymentCheckpoint read_deployed(json::ObjectReader& reader) {
  DeploymentCheckpoint one;
  one.name = read_deployment(reader, "name", true);
  one.source = reader.required_string("source", {1, deployment_source_bytes_max});
  one.events = reader.optional_int("events", {.min = 0}).value_or(0);
  one.failures = reader.optional_int("failures", {.min = 0}).value_or(0);
  one.last_event_type = reader.optional_string("last_event_type", {0, event_type_bytes_max}).value_or("");
  reader.ignore("kind");
  return one;
}

void read_restore(json::ObjectReader& outer, WorkerCommandRequest& request) {
  request.pipeline_id = read_deployment(outer, "pipeline_id", false);
  const auto* checkpoint = outer.required_object("checkpoint");
  if (checkpoint == nullptr) return;
  json::ObjectReader reader(*checkpoint, "/checkpoint");
  auto& deployments = request.checkpoint.deployments;
  if (reader.has("deployments")) {
    const auto* list = reader.required_array("deployments", 1024);
    for (std::size_t i = 0; list != nullptr && i < list->size() && !reader.has_failed(); ++i) {
      json::ObjectReader item((*list)[i], "/checkpoint/deployments/" + std::to_string(i));
      deployments.push_back(read_deployed(item));
      if (auto error = item.finish()) reader.refuse(std::move(*error));
    }
    request.checkpoint.is_paused = reader.optional_bool("is_paused");
    reader.ignore("running");
  } else {
    deployments.push_back(read_deployed(reader));
  }
  if (auto error = reader.finish()) return outer.refuse(std::move(*error));
  if (request.pipeline_id.empty()) return;
  std::erase_if(deployments, [&](const auto& one) { return one.name != request.pipeline_id; });
  request.checkpoint.is_paused.reset();
  if (deployments.empty())
    outer.refuse("pipeline_id", "'" + request.pipeline_id + "' is no deployment of the checkpoint");
}

void read_fields(json::ObjectReader& reader, WorkerCommandRequest& request) {
  switch (request.kind->id) {
    case Name::cancel:
      request.queue_id = reader.optional_id<base::CommandId>("queue_id");
      request.execution_id = reader.optional_id<base::ExecutionId>("execution_id");
      request.reason = reader.optional_string("reason", {0, 500}).value_or("");
      if (!reader.has_failed() && request.queue_id.is_set() == request.execution_id.is_set())
        reader.refuse("queue_id", "or '/execution_id' must be given, and not both");
      return;
    case Name::deploy:
      request.pipeline_id = read_deployment(reader, "name", true);
      request.source = reader.required_string("source", {1, deployment_source_bytes_max});
      return;
    case Name::undeploy: request.pipeline_id = read_deployment(reader, "pipeline_id", true); return;
    case Name::inject: return read_inject(reader, request);
    case Name::inject_batch: return read_batch(reader, request);
    case Name::checkpoint: request.pipeline_id = read_deployment(reader, "pipeline_id", false); return;
    case Name::restore: return read_restore(reader, request);
    case Name::ping:
    case Name::status:
    case Name::pause:
    case Name::resume:
    case Name::drain: return;
  }
}

}  // namespace

std::span<const WorkerCommandKind> worker_commands() { return commands; }

const WorkerCommandKind* worker_command_of(std::string_view name) {
  const auto found = std::ranges::find(commands, name, &WorkerCommandKind::name);
  return found == commands.end() ? nullptr : &*found;
}

bool is_deployment_name(std::string_view text) { return consists_of(text, deployment_name_bytes_max, "_-"); }

bool is_event_type(std::string_view text) { return consists_of(text, event_type_bytes_max, "._-"); }

bool is_own_event_type(std::string_view text) {
  constexpr std::array families{"playbook.", "execution.", "command.", "step.", "call.",
                                "loop.",     "task.",      "sink.",    "ctx.",  "notification."};
  return std::ranges::any_of(families, [&](const char* family) { return text.starts_with(family); });
}

base::Result<WorkerCommandRequest> decode_worker_command(std::string_view name, std::string_view body) {
  const auto* kind = worker_command_of(name);
  if (kind == nullptr) {
    const std::string shown(name.substr(0, 60));
    return base::failure(ErrorCode::not_found, "a worker knows no command '" + shown + "': it knows " + all_names());
  }
  if (body.size() > kind->bytes_max)
    return base::failure(ErrorCode::payload_too_large, "the body of '" + std::string(name) + "' has " +
                                                           std::to_string(body.size()) + " bytes, of at most " +
                                                           std::to_string(kind->bytes_max) + ": send less at a time");
  const auto parsed = json::parse_body(body.empty() ? "{}" : body, kind->bytes_max);
  if (!parsed) return base::failure(parsed.error());
  WorkerCommandRequest request;
  request.kind = kind;
  json::ObjectReader reader(*parsed);
  read_fields(reader, request);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

}  // namespace noetl::wire
