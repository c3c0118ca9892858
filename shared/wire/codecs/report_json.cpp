#include "shared/wire/codecs/report_json.hpp"

#include <cstdio>

#include "shared/domain/error_details.hpp"
#include "shared/domain/error_kinds.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

constexpr std::size_t attempt_bytes_expected = 192;

void append_name(std::string& out, std::string_view name) {
  out += ",\"";
  out += name;
  out += "\":";
}

void append(std::string& out, const domain::ToolError& error) {
  out += "{\"kind\":";
  json::append_json_string(out, error.kind);
  append_name(out, "message");
  json::append_json_string(out, error.message);
  out += error.is_retryable ? ",\"retryable\":true" : ",\"retryable\":false";
  if (error.status) out += ",\"status\":" + std::to_string(*error.status);
  if (error.retry_after) out += ",\"retry_after_ms\":" + std::to_string(error.retry_after->count());
  if (!error.traceback.empty()) {
    append_name(out, "traceback");
    json::append_json_string(out, error.traceback);
  }
  if (error.details.size() > 2) out += ',' + error.details.substr(1, error.details.size() - 2);
  out += '}';
}

void append(std::string& out, const AttemptReport& attempt) {
  out += '{';
  if (attempt.lease.queue_id.is_set()) {
    out += "\"queue_id\":\"";
    out += attempt.lease.queue_id.str();
    out += "\",\"epoch\":";
    out += std::to_string(attempt.lease.epoch);
    out += ',';
  }
  if (attempt.execution_id.is_set()) out += "\"execution_id\":\"" + attempt.execution_id.str() + "\",";
  out += "\"name\":\"";
  out += domain::event_name(attempt.outcome);
  out += "\",\"payload\":{";
  if (attempt.error) {
    out += "\"error\":";
    append(out, *attempt.error);
    // What a failed tool brought all the same, e.g. the body of an HTTP 404: rules of a playbook may read it.
    if (!attempt.result.empty() && attempt.result != "null") out += ",\"result\":" + attempt.result;
  } else {
    out += "\"result\":";
    out += attempt.result.empty() ? std::string_view("null") : std::string_view(attempt.result);
  }
  if (!attempt.output.empty()) {
    append_name(out, "output");
    json::append_json_string(out, attempt.output);
  }
  const auto microseconds = static_cast<long long>(attempt.duration.count());
  char duration[48];
  const int length = std::snprintf(duration, sizeof duration, "},\"meta\":{\"duration_ms\":%lld.%03lld",
                                   microseconds / 1000, microseconds % 1000);
  out.append(duration, static_cast<std::size_t>(length));
  if (!attempt.trace_id.empty()) out += ",\"trace_id\":\"" + attempt.trace_id + "\"";
  out += "}}";
}

void append(std::string& out, const AttemptNote& note) {
  out += "{\"queue_id\":\"" + note.lease.queue_id.str() + "\",\"epoch\":" + std::to_string(note.lease.epoch);
  append_name(out, "name");
  json::append_json_string(out, note.name);
  append_name(out, "payload");
  out += note.payload;
  out += '}';
}

void append(std::string& out, const StepEvent& event) {
  out += "{\"execution_id\":\"" + event.execution_id.str() + "\"";
  if (event.event_id.is_set()) out += ",\"event_id\":\"" + event.event_id.str() + "\"";
  append_name(out, "step");
  json::append_json_string(out, event.step);
  append_name(out, "name");
  json::append_json_string(out, event.name);
  append_name(out, "payload");
  out += event.payload.empty() ? "{}" : event.payload;
  append_name(out, "meta");
  out += event.meta.empty() ? "{}" : event.meta;
  out += '}';
}

std::optional<base::Error> read_error(const json::Json& object, const std::string& pointer, domain::ToolError& error) {
  json::ObjectReader reader(object, pointer);
  error.kind = reader.required_string("kind", {1, 64});
  error.message = reader.optional_string("message", {0, output_bytes_max}).value_or("");
  error.is_retryable = reader.optional_bool("retryable").value_or(domain::is_retryable_by_default(error.kind));
  if (const auto status = reader.optional_int("status", {-1'000'000, 1'000'000}))
    error.status = static_cast<int>(*status);
  if (const auto wait = reader.optional_int("retry_after_ms", {0, milliseconds_max}))
    error.retry_after = std::chrono::milliseconds(*wait);
  error.traceback = reader.optional_string("traceback", {0, output_bytes_max}).value_or("");
  json::Json details = json::Json::object();
  for (const domain::ErrorDetail& detail : domain::error_details) {
    const std::string_view name = detail.name;  // the reader remembers what it was asked for
    if (!reader.has(name)) {
      reader.ignore(name);  // null counts as left out
      continue;
    }
    if (detail.type == "number") {
      if (const auto number = reader.optional_int(name, {0, std::numeric_limits<int>::max()}))
        details[std::string(name)] = *number;
    } else if (detail.type == "text") {
      if (auto text = reader.optional_string(name, {0, domain::error_detail_bytes_max}))
        details[std::string(name)] = *std::move(text);
    } else if (const json::Json* value = reader.optional_value(name)) {
      if (detail.type == "list" ? !value->is_array() : !value->is_object())
        reader.refuse(name, "must be a " + std::string(detail.type));
      else if (value->dump().size() > domain::error_detail_bytes_max)
        reader.refuse(name, "has more than " + std::to_string(domain::error_detail_bytes_max) + " bytes");
      else
        details[std::string(name)] = *value;
    }
  }
  if (!details.empty()) error.details = details.dump();
  return reader.finish();
}

std::optional<base::Error> read_payload(const json::Json& object, const std::string& pointer, AttemptReport& attempt) {
  json::ObjectReader reader(object, pointer);
  const json::Json* result = reader.optional_value("result");
  const json::Json* error = reader.optional_object("error");
  attempt.output = reader.optional_string("output", {0, output_bytes_max}).value_or("");
  if (result != nullptr) attempt.result = result->dump();
  if (error != nullptr) {
    attempt.error.emplace();
    if (auto wrong = read_error(*error, reader.pointer_to("error"), *attempt.error)) reader.refuse(std::move(*wrong));
  }
  if (attempt.outcome == domain::Outcome::failed && error == nullptr)
    reader.refuse("error", "is missing; command.failed needs {kind, message}");
  if (attempt.outcome == domain::Outcome::completed && error != nullptr)
    reader.refuse("error", "has no meaning in command.completed");
  return reader.finish();
}

std::optional<base::Error> read_meta(const json::Json& object, const std::string& pointer, AttemptReport& attempt) {
  json::ObjectReader reader(object, pointer);
  const double milliseconds =
      reader.optional_number("duration_ms", 0, static_cast<double>(milliseconds_max)).value_or(0);
  attempt.duration = std::chrono::microseconds(static_cast<std::int64_t>(milliseconds * 1000.0 + 0.5));
  attempt.trace_id = reader.optional_string("trace_id", {0, 32}).value_or("");
  if (!attempt.trace_id.empty() && !is_trace_id(attempt.trace_id))
    reader.refuse("trace_id", "must be 32 hex digits, found '" + attempt.trace_id + "'");
  return reader.finish();
}

std::optional<base::Error> read_attempt(json::ObjectReader& reader, AttemptReport& attempt, bool has_lease = true) {
  if (has_lease) {
    attempt.lease.queue_id = reader.required_id<base::CommandId>("queue_id");
    attempt.lease.epoch =
        static_cast<std::int32_t>(reader.required_int("epoch", {1, std::numeric_limits<std::int32_t>::max()}));
  }
  attempt.execution_id = reader.optional_id<base::ExecutionId>("execution_id");
  const std::string name = reader.required_string("name", {1, 128});
  reader.ignore("step");
  if (const auto outcome = domain::outcome_from_event_name(name))
    attempt.outcome = *outcome;
  else
    reader.refuse("name",
                  "must be command.completed, command.failed, command.cancelled, command.released, "
                  "command.progress or command.log, found '" +
                      name + "'");
  static const json::Json none = json::Json::object();
  const json::Json* payload = reader.optional_object("payload");
  const json::Json* meta = reader.optional_object("meta");
  if (reader.has_failed()) return reader.finish();
  if (auto wrong = read_payload(payload == nullptr ? none : *payload, reader.pointer_to("payload"), attempt))
    reader.refuse(std::move(*wrong));
  if (meta != nullptr) {
    if (auto wrong = read_meta(*meta, reader.pointer_to("meta"), attempt)) reader.refuse(std::move(*wrong));
  }
  return reader.finish();
}

std::optional<base::Error> read_note(json::ObjectReader& reader, AttemptNote& note) {
  note.lease.queue_id = reader.required_id<base::CommandId>("queue_id");
  note.lease.epoch =
      static_cast<std::int32_t>(reader.required_int("epoch", {1, std::numeric_limits<std::int32_t>::max()}));
  note.name = reader.required_string("name", {1, 128});
  if (const json::Json* payload = reader.required_object("payload")) note.payload = payload->dump();
  if (note.payload.size() > note_bytes_max)
    reader.refuse("payload", "has " + std::to_string(note.payload.size()) + " bytes, at most " +
                                 std::to_string(note_bytes_max) + " are taken of what a running command says");
  return reader.finish();
}

bool is_note(const json::Json& item) {
  const auto name = item.find("name");
  return name != item.end() && name->is_string() && (*name == progress_event || *name == log_event);
}

std::optional<base::Error> read_step_event(json::ObjectReader& reader, StepEvent& event) {
  event.execution_id = reader.required_id<base::ExecutionId>("execution_id");
  event.event_id = reader.optional_id<base::EventId>("event_id");
  event.step = reader.required_string("step", {1, step_bytes_max});
  event.name = reader.required_string("name", {1, 128});
  if (const json::Json* payload = reader.optional_object("payload")) event.payload = payload->dump();
  if (const json::Json* meta = reader.optional_object("meta")) event.meta = meta->dump();
  for (const char* name : {"queue_id", "epoch"}) reader.ignore(name);  // null, or it were no event of a step
  return reader.finish();
}

// Takes the worker_id of a lone event; in a list it stands beside the list.
std::optional<base::Error> read_event(const json::Json& item, const std::string& pointer, ReportRequest& request,
                                      bool is_alone) {
  json::ObjectReader reader(item, pointer);
  if (is_alone) request.worker_id = reader.optional_string("worker_id", {1, worker_id_bytes_max}).value_or("");
  if ((reader.has("queue_id") || reader.has("epoch")) && is_note(item))
    return read_note(reader, request.notes.emplace_back());
  if (reader.has("queue_id") || reader.has("epoch")) return read_attempt(reader, request.attempts.emplace_back());
  return read_step_event(reader, request.events.emplace_back());
}

base::Result<ReportVerdict> decode_verdict(const json::Json& item, const std::string& pointer) {
  json::ObjectReader reader(item, pointer);
  ReportVerdict verdict;
  verdict.queue_id = reader.optional_id<base::CommandId>("queue_id");
  const std::string status = reader.required_string("status", {1, 64});
  const std::string code = reader.optional_string("code").value_or("");
  verdict.message = reader.optional_string("message", {0, output_bytes_max}).value_or("");
  if (const auto wait = reader.optional_int("retry_after_ms", {0, milliseconds_max}))
    verdict.retry_after = std::chrono::milliseconds(*wait);
  if (reader.has_failed()) return base::failure(*reader.finish());
  verdict.is_duplicate = status == "duplicate";
  if (status == "refused") verdict.refused = error_code_from(code).value_or(base::ErrorCode::internal);
  return verdict;
}

std::string_view status_of(const ReportVerdict& verdict) {
  if (verdict.refused) return "refused";
  return verdict.is_duplicate ? "duplicate" : "recorded";
}

}  // namespace

std::string encode_attempt(const AttemptReport& attempt) {
  std::string out;
  append(out, attempt);
  return out;
}

base::Result<AttemptReport> decode_attempt(const json::Json& item, const std::string& pointer, bool has_lease) {
  json::ObjectReader reader(item, pointer);
  AttemptReport attempt;
  if (auto wrong = read_attempt(reader, attempt, has_lease)) return base::failure(std::move(*wrong));
  return attempt;
}

std::string encode(const ReportRequest& request) {
  std::size_t bytes = 128;
  for (const auto& attempt : request.attempts)
    bytes += attempt_bytes_expected + attempt.result.size() + attempt.output.size();
  for (const auto& event : request.events) bytes += attempt_bytes_expected + event.payload.size() + event.meta.size();
  for (const auto& note : request.notes) bytes += attempt_bytes_expected + note.payload.size();
  std::string out;
  out.reserve(bytes);
  out += "{\"worker_id\":";
  json::append_json_string(out, request.worker_id);
  out += ",\"events\":[";
  bool is_first = true;
  const auto separate = [&] {
    if (!std::exchange(is_first, false)) out += ',';
  };
  for (const auto& attempt : request.attempts) {
    separate();
    append(out, attempt);
  }
  for (const auto& event : request.events) {
    separate();
    append(out, event);
  }
  for (const auto& note : request.notes) {
    separate();
    append(out, note);
  }
  out += "]}";
  return out;
}

base::Result<ReportRequest> decode_report_request(const json::Json& body) {
  ReportRequest request;
  if (!body.is_object() || !body.contains("events")) {
    if (auto wrong = read_event(body, "", request, true)) return base::failure(std::move(*wrong));
  } else {
    json::ObjectReader reader(body);
    request.worker_id = reader.optional_string("worker_id", {1, worker_id_bytes_max}).value_or("");
    const json::Json* events = reader.required_array("events", report_events_max, 1);
    if (auto wrong = reader.finish()) return base::failure(std::move(*wrong));
    request.attempts.reserve(events->size());
    for (std::size_t i = 0; i < events->size(); ++i) {
      if (auto wrong = read_event((*events)[i], "/events/" + std::to_string(i), request, false))
        return base::failure(std::move(*wrong));
    }
  }
  const bool needs_worker = !request.attempts.empty() || !request.notes.empty();
  if ((needs_worker || !request.worker_id.empty()) && !is_worker_id(request.worker_id)) {
    return base::failure(
        base::ErrorCode::invalid_input,
        "'/worker_id' must be 1 to 128 characters of A-Z a-z 0-9 . _ -, found '" + request.worker_id + "'",
        "/worker_id");
  }
  return request;
}

std::string encode(const ReportAnswer& answer) {
  std::string out;
  out.reserve(96 + answer.verdicts.size() * 64);
  out += "{\"status\":\"ok\",\"commands_generated\":" + std::to_string(answer.commands_generated) + ",\"verdicts\":[";
  for (const auto& verdict : answer.verdicts) {
    if (&verdict != answer.verdicts.data()) out += ',';
    out += '{';
    if (verdict.queue_id.is_set()) out += "\"queue_id\":\"" + verdict.queue_id.str() + "\",";
    out += "\"status\":\"";
    out += status_of(verdict);
    out += '"';
    if (verdict.refused) {
      append_name(out, "code");
      json::append_json_string(out, base::to_string(*verdict.refused));
      append_name(out, "message");
      json::append_json_string(out, verdict.message);
    }
    if (verdict.retry_after) out += ",\"retry_after_ms\":" + std::to_string(verdict.retry_after->count());
    out += '}';
  }
  out += "]}";
  return out;
}

base::Result<ReportAnswer> decode_report_answer(const json::Json& body) {
  json::ObjectReader reader(body);
  ReportAnswer answer;
  answer.commands_generated =
      static_cast<int>(reader.optional_int("commands_generated", {0, std::numeric_limits<int>::max()}).value_or(0));
  const json::Json* verdicts = reader.required_array("verdicts", report_events_max);
  if (reader.has_failed()) return base::failure(*reader.finish());
  answer.verdicts.reserve(verdicts->size());
  for (std::size_t i = 0; i < verdicts->size(); ++i) {
    auto verdict = decode_verdict((*verdicts)[i], "/verdicts/" + std::to_string(i));
    if (!verdict) return base::failure(std::move(verdict.error()));
    answer.verdicts.push_back(std::move(*verdict));
  }
  return answer;
}

}  // namespace noetl::wire
