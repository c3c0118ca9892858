#include "shared/wire/command_filter.hpp"

#include <nlohmann/json.hpp>

#include "shared/domain/command.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/id_list.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

std::string read_time(json::ObjectReader& reader, const char* name) {
  auto time = reader.optional_string(name, {0, 40}).value_or("");
  if (!time.empty() && !is_rfc3339(time)) {
    reader.refuse(name, "must be a time as in 2026-01-31T12:00:00Z (RFC 3339), found '" + time + "'");
  }
  return time;
}

CommandFilter read_command_filter(json::ObjectReader& outer, const json::Json& body) {
  json::ObjectReader reader(body, outer.pointer_to("filter"));
  CommandFilter filter;
  filter.status = reader.optional_string("status", {1, 16}).value_or("");
  if (!filter.status.empty() && filter.status != "queued" && filter.status != "running") {
    reader.refuse("status", "must be queued or running: what has ended stays as it is");
  }
  filter.pool = reader.optional_string("pool", {1, pool_bytes_max}).value_or("");
  filter.tool_kind = reader.optional_string("tool_kind", {1, pool_bytes_max}).value_or("");
  filter.after = reader.optional_id<base::CommandId>("after");
  filter.before = reader.optional_id<base::CommandId>("before");
  filter.created_after = read_time(reader, "created_after");
  filter.created_before = read_time(reader, "created_before");
  if (auto error = reader.finish()) outer.refuse(std::move(*error));
  return filter;
}

}  // namespace

base::Result<CancelCommandsRequest> decode_cancel_commands_request(const json::Json& body) {
  json::ObjectReader reader(body);
  CancelCommandsRequest request;
  request.queue_ids = read_command_ids(reader, "queue_ids", cancel_commands_max);
  if (const json::Json* filter = reader.optional_object("filter")) {
    request.has_filter = true;
    request.filter = read_command_filter(reader, *filter);
  }
  request.is_dry_run = reader.optional_bool("dry_run").value_or(false);
  request.limit = static_cast<int>(
      reader.optional_int("limit", {1, static_cast<std::int64_t>(cancel_commands_max)}).value_or(request.limit));
  request.reason = reader.optional_string("reason", {0, reason_bytes_max}).value_or("");
  if (request.queue_ids.empty() == !request.has_filter) {
    reader.refuse("queue_ids",
                  "or 'filter' says what to cancel: give one of both ({\"filter\": {}} takes all plain commands)");
  }
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

base::Result<std::string> decode_cancel_reason(const json::Json& body) {
  json::ObjectReader reader(body);
  auto reason = reader.optional_string("reason", {0, reason_bytes_max}).value_or("");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return reason;
}

std::string encode(const CancelledCommands& answer) {
  std::vector<std::string> ids, refused;
  for (const auto& id : answer.queue_ids) ids.push_back('"' + id.str() + '"');
  for (const auto& one : answer.refused) {
    json::ObjectWriter out;
    out.id("queue_id", one.queue_id).text("code", base::to_string(one.code)).text("message", one.message);
    refused.push_back(out.finish());
  }
  json::ObjectWriter out(64 + 24 * ids.size());
  out.boolean("dry_run", answer.is_dry_run)
      .integer("count", static_cast<std::int64_t>(ids.size()))
      .raw("queue_ids", json::join_array(ids))
      .raw("refused", json::join_array(refused))
      .boolean("has_more", answer.has_more);
  return out.finish();
}

std::string encode(const CancelledCommand& answer) {
  json::ObjectWriter out(96);
  out.id("queue_id", answer.queue_id).text("status", answer.status).boolean("cancelled", answer.is_cancelled);
  return out.finish();
}

}  // namespace noetl::wire
