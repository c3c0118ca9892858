#include "shared/wire/codecs/execution_json.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/command_filter.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

constexpr double start_delay_seconds_max = 366.0 * 86'400;
constexpr json::IntBounds version_bounds{1, std::numeric_limits<int>::max()};

// payload, or NoETL's later name for it.
std::string read_payload(json::ObjectReader& reader) {
  const json::Json* payload = reader.optional_object("payload");
  const json::Json* workload = reader.optional_object("workload");
  if (payload != nullptr && workload != nullptr)
    reader.refuse("workload", "is another name of 'payload': give one of them");
  const json::Json* given = payload != nullptr ? payload : workload;
  return given == nullptr ? std::string("{}") : given->dump();
}

// A number, or "latest" for none.
std::optional<int> read_version(json::ObjectReader& reader, const json::Json& body) {
  const auto found = body.is_object() ? body.find("version") : body.end();
  if (found != body.end() && found->is_string() && found->get_ref<const std::string&>() == "latest") {
    reader.ignore("version");
    return std::nullopt;
  }
  const auto version = reader.optional_int("version", version_bounds);
  if (!version) return std::nullopt;
  return static_cast<int>(*version);
}

}  // namespace

RerunVersion read_rerun_version(json::ObjectReader& reader, const json::Json& body) {
  const auto found = body.is_object() ? body.find("version") : body.end();
  const auto number = read_version(reader, body);
  return {.number = number, .is_latest = found != body.end() && found->is_string()};
}

namespace {

std::chrono::milliseconds read_seconds(json::ObjectReader& reader, const char* name) {
  // Rounded up: a limit of half a millisecond is not none.
  return std::chrono::milliseconds(static_cast<std::int64_t>(
      std::ceil(reader.optional_number(name, 0, start_delay_seconds_max).value_or(0) * 1000)));
}

// Its limit, and at most one of delay and start_at.
void read_times(json::ObjectReader& reader, ExecuteRequest& request) {
  request.timeout = read_seconds(reader, "timeout");
  request.delay = read_seconds(reader, "delay");
  request.start_at = reader.optional_string("start_at", {1, time_bytes_max}).value_or("");
  if (request.start_at.empty()) return;
  if (!is_rfc3339(request.start_at)) {
    reader.refuse("start_at", "must be a time as in 2026-01-31T12:00:00Z (RFC 3339), found '" + request.start_at + "'");
  }
  if (request.delay.count() > 0) reader.refuse("start_at", "says when it begins, as 'delay' does: give one of them");
}

json::ObjectWriter begin_execution(const ExecutionRow& row, std::size_t bytes_expected) {
  json::ObjectWriter out(bytes_expected);
  out.id("execution_id", row.execution_id)
      .id("catalog_id", row.catalog_id)
      .text("path", row.path)
      .integer("version", row.version)
      .text("status", row.status)
      .id("parent_execution_id", row.parent_execution_id)
      .text_or_null("created_at", row.created_at)
      .text_or_null("started_at", row.started_at)
      .text_or_null("finished_at", row.finished_at)
      .text_or_null("due_at", row.due_at)
      .text_or_null("deadline_at", row.deadline_at)
      .boolean("is_paused", row.is_paused)
      .text_or_null("start_time", row.started_at)  // NoETL's names for the same
      .text_or_null("end_time", row.finished_at)
      .number("duration", row.duration_seconds)
      .raw("result", row.result)
      .raw("error", row.error);
  return out;
}

}  // namespace

base::Result<ExecuteRequest> decode_execute_request(const json::Json& body, const std::string& pointer) {
  json::ObjectReader reader(body, pointer);
  ExecuteRequest request;
  request.path = reader.optional_string("path", {1, playbook_path_bytes_max}).value_or("");
  request.catalog_id = reader.optional_id<base::CatalogId>("catalog_id");
  request.version = read_version(reader, body);
  request.payload = read_payload(reader);
  request.parent_execution_id = reader.optional_id<base::ExecutionId>("parent_execution_id");
  request.idempotency_key = reader.optional_string("idempotency_key", {1, idempotency_key_bytes_max}).value_or("");
  request.traceparent = reader.optional_string("traceparent", {1, 55}).value_or("");
  request.group = reader.optional_string("group", {1, group_bytes_max}).value_or("");
  read_times(reader, request);

  if (request.path.empty() && !request.catalog_id.is_set())
    reader.refuse("path", "is missing: give a 'path' or a 'catalog_id'");
  if (!request.path.empty() && request.catalog_id.is_set())
    reader.refuse("catalog_id", "names a playbook beside 'path': give one of them");
  if (request.version && request.catalog_id.is_set())
    reader.refuse("version", "needs a 'path': a catalog_id names one version already");
  if (!request.idempotency_key.empty() && !is_idempotency_key(request.idempotency_key)) {
    reader.refuse("idempotency_key", "must be 1 to 256 visible ASCII characters");
  }
  if (!request.traceparent.empty() && !is_traceparent(request.traceparent)) {
    reader.refuse("traceparent", "must be a W3C trace context: 00-<32 hex>-<16 hex>-<2 hex>");
  }
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

base::Result<std::vector<base::Result<ExecuteRequest>>> decode_execute_batch(const json::Json& body) {
  json::ObjectReader reader(body);
  const json::Json* executions = reader.required_array("executions", execute_batch_max, 1);
  for (std::size_t i = 0; executions != nullptr && i < executions->size() && !reader.has_failed(); ++i) {
    json::ObjectReader item((*executions)[i], "/executions/" + std::to_string(i));
    if (item.has_failed()) reader.refuse(*item.finish());
  }
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  std::vector<base::Result<ExecuteRequest>> requests;
  requests.reserve(executions->size());
  for (std::size_t i = 0; i < executions->size(); ++i) {
    requests.push_back(decode_execute_request((*executions)[i], "/executions/" + std::to_string(i)));
  }
  return requests;
}

base::Result<CancelRequest> decode_cancel_request(const json::Json& body, base::ExecutionId execution_id) {
  json::ObjectReader reader(body);
  CancelRequest request;
  request.execution_id = execution_id;
  request.reason = reader.optional_string("reason", {0, reason_bytes_max}).value_or("");
  request.cascade = reader.optional_bool("cascade").value_or(true);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

namespace {

std::string_view status_of(const ExecuteAnswer& answer) {
  return answer.is_duplicate ? "duplicate" : answer.is_scheduled ? "scheduled" : "started";
}

}  // namespace

std::string encode(const ExecuteAnswer& answer) {
  json::ObjectWriter out;
  out.id("execution_id", answer.execution_id)
      .text("status", status_of(answer))
      .integer("commands_generated", answer.commands_generated);
  return out.finish();
}

std::string encode_execute_batch(const std::vector<base::Result<ExecuteAnswer>>& answers) {
  std::int64_t started = 0;
  std::int64_t duplicates = 0;
  std::vector<std::string> results;
  results.reserve(answers.size());
  for (const auto& answer : answers) {
    json::ObjectWriter out;
    out.integer("index", static_cast<std::int64_t>(results.size()));
    if (answer) {
      ++(answer->is_duplicate ? duplicates : started);
      out.text("status", status_of(*answer))
          .id("execution_id", answer->execution_id)
          .integer("commands_generated", answer->commands_generated)
          .null("error");
    } else {
      out.text("status", "error")
          .null("execution_id")
          .integer("commands_generated", 0)
          .raw("error", encode_problem(answer.error()));
    }
    results.push_back(out.finish());
  }
  const auto count = static_cast<std::int64_t>(answers.size());
  json::ObjectWriter out;
  out.integer("count", count)
      .integer("started", started)
      .integer("duplicates", duplicates)
      .integer("failed", count - started - duplicates)
      .raw("results", json::join_array(results));
  return out.finish();
}

std::string encode_summary(const ExecutionRow& row) {
  json::ObjectWriter out = begin_execution(row, 512 + row.result.size() + row.error.size());
  return out.finish();
}

std::string encode(const ExecutionRow& row, const std::string& events) {
  json::ObjectWriter out = begin_execution(
      row, 1024 + row.result.size() + row.error.size() + row.variables.size() + row.workload.size() + events.size());
  out.text_or_null("current_step", row.current_step)
      .texts("completed_steps", row.completed_steps)
      .boolean("completed", row.status == "COMPLETED")
      .boolean("failed", row.status == "FAILED")
      .integer("outstanding_commands", row.outstanding_commands)
      .text_or_null("wait_reason", row.wait_reason)
      .text_or_null("wait_message", row.wait_message)
      .raw("variables", row.variables)
      .raw("workload", row.workload);
  if (!events.empty()) out.raw("events", events);
  return out.finish();
}

std::string encode(const EventRow& row) {
  json::ObjectWriter out(256 + row.payload.size() + row.meta.size());
  out.id("event_id", row.event_id)
      .id("execution_id", row.execution_id)
      .id("queue_id", row.queue_id)
      .text("event_type", row.event_type)
      .text_or_null("step", row.step)
      .text_or_null("node_name", row.step)  // NoETL's name for it
      .text_or_null("status", row.status)
      .raw("payload", row.payload)
      .raw("meta", row.meta)
      .text_or_null("worker_id", row.worker_id)
      .text_or_null("created_at", row.created_at);
  return out.finish();
}

std::string encode(const CancelAnswer& answer, base::ExecutionId execution_id) {
  const std::size_t count = answer.cancelled_executions.size();
  const std::string message = answer.status == "cancelled"
                                  ? "cancelled " + std::to_string(count) + (count == 1 ? " execution" : " executions")
                                  : "the execution had ended already";
  json::ObjectWriter out;
  out.text("status", answer.status)
      .id("execution_id", execution_id)
      .ids("cancelled_executions", answer.cancelled_executions)
      .text("message", message);
  return out.finish();
}

}  // namespace noetl::wire
