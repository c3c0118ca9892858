#include "shared/wire/codecs/claim_json.hpp"

#include <cmath>

#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/messages/command.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

constexpr std::size_t command_bytes_expected = 320;

void append(std::string& out, const domain::ClaimedCommand& command) {
  out += "{\"queue_id\":\"";
  out += command.lease.queue_id.str();
  out += "\",\"epoch\":";
  out += std::to_string(command.lease.epoch);
  if (command.execution_id.is_set()) {
    out += ",\"execution_id\":\"";
    out += command.execution_id.str();
    out += '"';
  }
  out += ",\"step\":";
  json::append_json_string(out, command.step);
  if (!command.node_id.empty()) {
    out += ",\"node_id\":";
    json::append_json_string(out, command.node_id);
  }
  out += ",\"tool_kind\":";
  json::append_json_string(out, command.tool_kind);
  out += ",\"attempt\":";
  out += std::to_string(command.attempt);
  out += ",\"max_attempts\":";
  out += std::to_string(command.max_attempts);
  out += ",\"timeout_ms\":";
  out += std::to_string(command.timeout.count());
  out += ",\"context\":";
  out += command.context.empty() ? std::string_view("{}") : std::string_view(command.context);
  if (!command.traceparent.empty()) {
    out += ",\"traceparent\":";
    json::append_json_string(out, command.traceparent);
  }
  if (command.priority != 0) {
    out += ",\"priority\":";
    out += std::to_string(command.priority);
  }
  out += '}';
}

void append(std::string& out, const ClaimRefusal& refusal) {
  out += "{\"queue_id\":\"" + refusal.queue_id.str() + "\",\"code\":\"";
  out += base::to_string(refusal.code);
  out += "\",\"message\":";
  json::append_json_string(out, refusal.message);
  out += ",\"retry_after_ms\":" + std::to_string(refusal.retry_after.count()) + "}";
}

// An item that fits int32 and is never negative.
std::int32_t small_int(json::ObjectReader& reader, std::string_view name) {
  return static_cast<std::int32_t>(
      reader.optional_int(name, {0, std::numeric_limits<std::int32_t>::max()}).value_or(0));
}

base::Result<ClaimRefusal> decode_refusal(const json::Json& item, const std::string& pointer) {
  json::ObjectReader reader(item, pointer);
  ClaimRefusal refusal;
  refusal.queue_id = reader.required_id<base::CommandId>("queue_id");
  const std::string code = reader.required_string("code");
  refusal.message = reader.optional_string("message", {0, 65'536}).value_or("");
  refusal.retry_after =
      std::chrono::milliseconds(reader.optional_int("retry_after_ms", {0, milliseconds_max}).value_or(0));
  if (reader.has_failed()) return base::failure(*reader.finish());
  // A code of a newer server: internal, so that the worker tries again later rather than dropping the command.
  refusal.code = error_code_from(code).value_or(base::ErrorCode::internal);
  return refusal;
}

}  // namespace

std::string encode(const ClaimRequest& request) {
  json::ObjectWriter writer(64 + request.queue_ids.size() * 24);
  writer.text("worker_id", request.worker_id);
  if (!request.queue_ids.empty()) {
    writer.ids("queue_ids", request.queue_ids);
    if (request.slots > 0) writer.integer("slots", request.slots);
    return writer.finish();
  }
  writer.text("pool", request.pool).integer("slots", request.slots);
  writer.number("wait", static_cast<double>(request.wait.count()) / 1000.0);
  if (request.direct_dispatch) writer.boolean("direct_dispatch", true);
  if (request.priority_min) writer.integer("priority_min", *request.priority_min);
  return writer.finish();
}

base::Result<ClaimRequest> decode_claim_request(const json::Json& body) {
  json::ObjectReader reader(body);
  ClaimRequest request;
  request.worker_id = reader.required_string("worker_id", {1, worker_id_bytes_max});
  if (!is_worker_id(request.worker_id)) reader.refuse("worker_id", "must consist of A-Z a-z 0-9 . _ -");
  if (const json::Json* ids = reader.optional_array("queue_ids", claim_ids_max, 1); ids != nullptr) {
    request.queue_ids.reserve(ids->size());
    for (std::size_t i = 0; i < ids->size() && !reader.has_failed(); ++i) {
      const json::Json& item = (*ids)[i];
      const auto id = json::id_of(item);
      if (id)
        request.queue_ids.push_back(base::CommandId{*id});
      else
        reader.refuse(base::Error{.code = base::ErrorCode::invalid_input,
                                  .message = "'/queue_ids/" + std::to_string(i) +
                                             "' must be an id from 1 to 9223372036854775807, found " +
                                             json::describe(item),
                                  .field = "/queue_ids/" + std::to_string(i),
                                  .retry_after = {},
                                  .details = {}});
    }
    for (const std::string_view name : {"pool", "wait", "direct_dispatch", "priority_min"}) {
      if (reader.has(name)) reader.refuse(name, "has no meaning beside queue_ids");
    }
  }
  if (auto pool = reader.optional_string("pool", {1, pool_bytes_max})) request.pool = std::move(*pool);
  if (!is_pool_name(request.pool)) reader.refuse("pool", "must consist of A-Z a-z 0-9 _ -");
  request.slots = static_cast<int>(reader.optional_int("slots", {1, static_cast<std::int64_t>(claim_ids_max)})
                                       .value_or(request.queue_ids.empty() ? 1 : 0));
  const double seconds =
      reader.optional_number("wait", 0, static_cast<double>(claim_wait_max.count()) / 1000.0).value_or(0);
  request.wait = std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000.0)));
  request.direct_dispatch = reader.optional_bool("direct_dispatch").value_or(false);
  if (request.direct_dispatch && request.wait.count() == 0) reader.refuse("direct_dispatch", "needs a 'wait' above 0");
  if (const auto least = reader.optional_int("priority_min", {priority_min, priority_max}))
    request.priority_min = static_cast<int>(*least);
  if (request.direct_dispatch && request.priority_min)
    reader.refuse("priority_min", "has no meaning beside direct_dispatch");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

base::Result<domain::ClaimedCommand> decode_claimed_command(const json::Json& item, const std::string& pointer) {
  json::ObjectReader reader(item, pointer);
  domain::ClaimedCommand command;
  command.lease.queue_id = reader.required_id<base::CommandId>("queue_id");
  command.lease.epoch = small_int(reader, "epoch");
  command.execution_id = reader.optional_id<base::ExecutionId>("execution_id");
  command.step = reader.optional_string("step").value_or("");
  command.node_id = reader.optional_string("node_id").value_or("");
  command.tool_kind = reader.required_string("tool_kind");
  command.attempt = small_int(reader, "attempt");
  command.max_attempts = small_int(reader, "max_attempts");
  command.timeout = std::chrono::milliseconds(reader.optional_int("timeout_ms", {0, milliseconds_max}).value_or(0));
  const json::Json* context = reader.optional_object("context");
  command.context = context == nullptr ? "{}" : context->dump();
  command.traceparent = reader.optional_string("traceparent").value_or("");
  command.priority =
      static_cast<std::int32_t>(reader.optional_int("priority", {priority_min, priority_max}).value_or(0));
  if (reader.has_failed()) return base::failure(*reader.finish());
  return command;
}

std::string encode(const domain::ClaimedCommand& command) {
  std::string out;
  out.reserve(command_bytes_expected + command.context.size());
  append(out, command);
  return out;
}

std::string encode(const ClaimAnswer& answer) {
  std::string out;
  std::size_t bytes = 64 + answer.refused.size() * 160;
  for (const auto& command : answer.commands) bytes += command_bytes_expected + command.context.size();
  out.reserve(bytes);
  out += "{\"commands\":[";
  for (const auto& command : answer.commands) {
    if (&command != answer.commands.data()) out += ',';
    append(out, command);
  }
  out += "],\"refused\":[";
  for (const auto& refusal : answer.refused) {
    if (&refusal != answer.refused.data()) out += ',';
    append(out, refusal);
  }
  out += ']';
  if (answer.claim_id.is_set()) out += ",\"claim_id\":\"" + answer.claim_id.str() + '"';
  if (answer.waited) out += ",\"waited_ms\":" + std::to_string(answer.waited->count());
  if (answer.has_more) out += ",\"has_more\":true";
  out += '}';
  return out;
}

base::Result<ClaimAnswer> decode_claim_answer(const json::Json& body) {
  json::ObjectReader reader(body);
  const json::Json* commands = reader.required_array("commands", claim_ids_max);
  const json::Json* refused = reader.optional_array("refused", claim_ids_max);
  if (reader.has_failed()) return base::failure(*reader.finish());
  ClaimAnswer answer;
  answer.commands.reserve(commands->size());
  for (std::size_t i = 0; i < commands->size(); ++i) {
    auto command = decode_claimed_command((*commands)[i], "/commands/" + std::to_string(i));
    if (!command) return base::failure(std::move(command.error()));
    answer.commands.push_back(std::move(*command));
  }
  for (std::size_t i = 0; refused != nullptr && i < refused->size(); ++i) {
    auto refusal = decode_refusal((*refused)[i], "/refused/" + std::to_string(i));
    if (!refusal) return base::failure(std::move(refusal.error()));
    answer.refused.push_back(std::move(*refusal));
  }
  answer.claim_id = reader.optional_id<base::ClaimId>("claim_id");
  if (const auto waited = reader.optional_int("waited_ms", {0, milliseconds_max}))
    answer.waited = std::chrono::milliseconds(*waited);
  answer.has_more = reader.optional_bool("has_more").value_or(false);
  if (reader.has_failed()) return base::failure(*reader.finish());
  return answer;
}

}  // namespace noetl::wire
