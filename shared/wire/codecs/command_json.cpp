#include "shared/wire/codecs/command_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/names.hpp"
#include "shared/wire/retry.hpp"

namespace noetl::wire {
namespace {

constexpr double delay_seconds_max = 366.0 * 86'400;
constexpr double timeout_seconds_max = 30.0 * 86'400;

void read_tool(json::ObjectReader& reader, NewCommand& command) {
  const json::Json* tool = reader.required_object("tool");
  if (tool == nullptr) return;
  const std::string pointer = reader.pointer_to("tool") + "/kind";
  const auto kind = tool->find("kind");
  if (kind == tool->end() || !kind->is_string() || !is_tool_kind(kind->get_ref<const std::string&>())) {
    const std::string found = kind == tool->end() ? "nothing" : json::describe(*kind);
    reader.refuse(
        base::Error{.code = base::ErrorCode::invalid_input,
                    .message = "'" + pointer + "' must be a tool's name ([A-Za-z0-9_-], at most 64), found " + found,
                    .field = pointer,
                    .retry_after = {},
                    .details = {}});
    return;
  }
  command.tool_kind = kind->get<std::string>();
  command.tool = tool->dump();
}

// At most one of available_at, delay_ms and delay.
void read_due(json::ObjectReader& reader, NewCommand& command) {
  command.available_at = reader.optional_string("available_at", {1, time_bytes_max});
  if (command.available_at && !is_rfc3339(*command.available_at)) {
    reader.refuse("available_at",
                  "must be a time as in 2026-01-31T12:00:00Z (RFC 3339), found '" + *command.available_at + "'");
  }
  const auto delay_ms = reader.optional_int("delay_ms", {0, static_cast<std::int64_t>(delay_seconds_max * 1000)});
  const auto delay = reader.optional_number("delay", 0, delay_seconds_max);
  if (delay_ms) command.delay = std::chrono::milliseconds(*delay_ms);
  if (delay) command.delay = from_seconds(*delay);
  if ((command.available_at ? 1 : 0) + (delay_ms ? 1 : 0) + (delay ? 1 : 0) > 1) {
    reader.refuse("delay",
                  "tells when the command is due a second time: give one of 'available_at', 'delay_ms' and 'delay'");
  }
}

void read_retry(json::ObjectReader& reader, NewCommand& command) {
  const json::Json* body = reader.optional_object("retry");
  if (body == nullptr) return;
  auto retry = decode_retry(*body, reader.pointer_to("retry"));
  if (retry)
    command.retry = encode(*retry);
  else
    reader.refuse(std::move(retry.error()));
}

}  // namespace

base::Result<NewCommand> decode_new_command(const json::Json& body, const std::string& pointer) {
  json::ObjectReader reader(body, pointer);
  NewCommand command;
  read_tool(reader, command);
  if (const json::Json* input = reader.optional_object("input"); input != nullptr) command.input = input->dump();
  if (auto pool = reader.optional_string("pool", {1, pool_bytes_max})) command.pool = std::move(*pool);
  if (!is_pool_name(command.pool))
    reader.refuse("pool", "must consist of letters, digits, '_' and '-', found '" + command.pool + "'");
  command.priority = static_cast<int>(reader.optional_int("priority", {priority_min, priority_max}).value_or(0));
  command.group = reader.optional_string("group", {1, group_bytes_max}).value_or("");
  read_due(reader, command);
  if (const auto attempts = reader.optional_int("max_attempts", {1, attempts_max_limit})) {
    command.max_attempts = static_cast<int>(*attempts);
  }
  read_retry(reader, command);
  if (const auto timeout = reader.optional_number("timeout", 0, timeout_seconds_max))
    command.timeout = from_seconds(*timeout);
  command.idempotency_key = reader.optional_string("idempotency_key", {1, idempotency_key_bytes_max}).value_or("");
  if (!command.idempotency_key.empty() && !is_idempotency_key(command.idempotency_key)) {
    reader.refuse("idempotency_key", "must be 1 to 256 visible ASCII characters");
  }
  command.traceparent = reader.optional_string("traceparent", {1, 55}).value_or("");
  if (!command.traceparent.empty() && !is_traceparent(command.traceparent)) {
    reader.refuse("traceparent", "must be a W3C trace context: 00-<32 hex>-<16 hex>-<2 hex>");
  }
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return command;
}

base::Result<std::vector<NewCommand>> decode_new_commands(const json::Json& body) {
  json::ObjectReader reader(body);
  const json::Json* list = reader.required_array("commands", enqueue_commands_max, 1);
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  std::vector<NewCommand> commands;
  commands.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto command = decode_new_command((*list)[i], "/commands/" + std::to_string(i));
    if (!command) return base::failure(std::move(command.error()));
    commands.push_back(std::move(*command));
  }
  return commands;
}

std::string encode(const EnqueuedCommand& command) {
  json::ObjectWriter out(64);
  out.id("queue_id", command.queue_id).text("status", command.is_duplicate ? "duplicate" : "queued");
  return out.finish();
}

std::string encode(const std::vector<EnqueuedCommand>& commands) {
  std::string queue_ids;
  queue_ids.reserve(commands.size() * 22 + 2);
  queue_ids += '[';
  std::int64_t duplicates = 0;
  std::vector<std::string> conflicts;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto& command = commands[i];
    if (queue_ids.size() > 1) queue_ids += ',';
    if (command.conflict) {
      queue_ids += "null";
      json::ObjectWriter conflict;
      conflict.integer("index", static_cast<std::int64_t>(i))
          .text("code", base::to_string(command.conflict->code))
          .text("message", command.conflict->message);
      conflicts.push_back(conflict.finish());
      continue;
    }
    queue_ids += '"';
    queue_ids += std::to_string(command.queue_id.value);
    queue_ids += '"';
    if (command.is_duplicate) ++duplicates;
  }
  queue_ids += ']';
  json::ObjectWriter out(queue_ids.size() + 64);
  out.integer("count", static_cast<std::int64_t>(commands.size() - conflicts.size()))
      .raw("queue_ids", queue_ids)
      .integer("duplicates", duplicates);
  if (!conflicts.empty()) out.raw("conflicts", json::join_array(conflicts));
  return out.finish();
}

std::string encode(const CommandRow& row) {
  json::ObjectWriter out(512 + row.context.size() + row.result.size() + row.error.size());
  out.id("queue_id", row.queue_id)
      .id("execution_id", row.execution_id)
      .text_or_null("step", row.step)
      .text("tool_kind", row.tool_kind)
      .text("pool", row.pool)
      .text("status", row.status)
      .integer("priority", row.priority)
      .integer("attempts", row.attempts)
      .integer("max_attempts", row.max_attempts)
      .integer("epoch", row.epoch)
      .text_or_null("worker_id", row.worker_id)
      .raw("context", row.context)
      .raw("result", row.result)
      .raw("error", row.error)
      .raw("retry", row.retry)
      .text_or_null("idempotency_key", row.idempotency_key)
      .id("redriven_from", row.redriven_from)
      .raw("progress", row.progress)
      .text_or_null("created_at", row.created_at)
      .text_or_null("available_at", row.available_at)
      .text_or_null("claimed_at", row.claimed_at)
      .text_or_null("finished_at", row.finished_at)
      .text_or_null("wait_reason", row.wait_reason)
      .text_or_null("wait_message", row.wait_message);
  return out.finish();
}

std::string encode(const std::vector<QueueDepth>& depths) {
  std::vector<std::string> rows;
  rows.reserve(depths.size());
  for (const auto& depth : depths) {
    json::ObjectWriter out(128);
    out.text("pool", depth.pool)
        .text("status", depth.status)
        .integer("count", depth.count)
        .number("oldest_age_seconds", depth.oldest_age_seconds)
        .text_or_null("wait_reason", depth.wait_reason)
        .text_or_null("wait_message", depth.wait_message);
    rows.push_back(out.finish());
  }
  json::ObjectWriter out;
  out.raw("queue", json::join_array(rows));
  return out.finish();
}

}  // namespace noetl::wire
