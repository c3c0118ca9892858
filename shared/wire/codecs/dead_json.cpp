#include "shared/wire/codecs/dead_json.hpp"

#include <nlohmann/json.hpp>

#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/id_list.hpp"
#include "shared/wire/messages/command.hpp"
#include "shared/wire/names.hpp"

namespace noetl::wire {
namespace {

constexpr double rate_min = 0.001;

DeadFilter read_dead_filter(json::ObjectReader& outer, const json::Json& body) {
  json::ObjectReader reader(body, outer.pointer_to("filter"));
  DeadFilter filter;
  filter.fingerprint = reader.optional_string("fingerprint", {0, 64}).value_or("");
  filter.pool = reader.optional_string("pool", {1, pool_bytes_max}).value_or("");
  filter.tool_kind = reader.optional_string("tool_kind", {1, pool_bytes_max}).value_or("");
  filter.error_kind = reader.optional_string("error_kind", {1, pool_bytes_max}).value_or("");
  filter.after = reader.optional_id<base::CommandId>("after");
  filter.before = reader.optional_id<base::CommandId>("before");
  if (auto error = reader.finish()) outer.refuse(std::move(*error));
  return filter;
}

void read_edit(json::ObjectReader& outer, const json::Json& body, RedriveRequest& request) {
  json::ObjectReader reader(body, outer.pointer_to("edit"));
  if (const json::Json* input = reader.optional_object("input")) request.input_patch = input->dump();
  if (const json::Json* tool = reader.optional_object("tool")) request.tool_patch = tool->dump();
  if (auto error = reader.finish()) outer.refuse(std::move(*error));
}

void write_letter(json::ObjectWriter& out, const DeadLetter& letter) {
  out.id("queue_id", letter.queue_id)
      .id("execution_id", letter.execution_id)
      .text_or_null("step", letter.step)
      .text("pool", letter.pool)
      .text("tool_kind", letter.tool_kind)
      .text("error_kind", letter.error_kind)
      .text("fingerprint", letter.fingerprint)
      .raw("error", letter.error)
      .integer("attempts", letter.attempts)
      .text_or_null("died_at", letter.died_at)
      .id("redriven_as", letter.redriven_as)
      .text_or_null("closed_at", letter.closed_at);
}

}  // namespace

base::Result<RedriveRequest> decode_redrive_request(const json::Json& body) {
  json::ObjectReader reader(body);
  RedriveRequest request;
  request.queue_ids = read_command_ids(reader, "queue_ids", redrive_max);
  if (const json::Json* filter = reader.optional_object("filter")) request.filter = read_dead_filter(reader, *filter);
  request.is_dry_run = reader.optional_bool("dry_run").value_or(false);
  if (const json::Json* edit = reader.optional_object("edit")) read_edit(reader, *edit, request);
  if (const auto attempts = reader.optional_int("max_attempts", {1, attempts_max_limit})) {
    request.max_attempts = static_cast<int>(*attempts);
  }
  request.rate_per_second = reader.optional_number("rate_per_second", rate_min, redrive_rate_max);
  request.limit = static_cast<int>(
      reader.optional_int("limit", {1, static_cast<std::int64_t>(redrive_max)}).value_or(request.limit));
  if (request.queue_ids.empty() == !request.filter.has_value()) {
    reader.refuse("queue_ids",
                  "or 'filter' says what to redrive: give one of both ({\"filter\": {}} takes all that are open)");
  }
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

std::string encode(const RedriveAnswer& answer) {
  std::vector<std::string> commands;
  for (const auto& one : answer.redriven) {
    json::ObjectWriter out(96);
    out.id("queue_id", one.queue_id).id("redriven_as", one.redriven_as).integer("delay_ms", one.delay_ms);
    commands.push_back(out.finish());
  }
  std::vector<std::string> refused;
  for (const auto& one : answer.refused) {
    json::ObjectWriter out;
    out.id("queue_id", one.queue_id).text("code", one.code).text("message", one.message);
    refused.push_back(out.finish());
  }
  json::ObjectWriter out;
  out.boolean("dry_run", answer.is_dry_run)
      .integer("count", static_cast<std::int64_t>(answer.redriven.size()))
      .raw("commands", json::join_array(commands))
      .raw("refused", json::join_array(refused))
      .integer("steps_left", answer.steps_left)
      .raw("sample", answer.sample);
  return out.finish();
}

std::string encode(const PurgeAnswer& answer) {
  json::ObjectWriter out;
  out.boolean("dry_run", answer.is_dry_run).integer("count", answer.count).boolean("has_more", answer.has_more);
  return out.finish();
}

std::string encode(const DeadCommand& command) {
  json::ObjectWriter out(512 + command.context.size() + command.letter.error.size());
  write_letter(out, command.letter);
  out.integer("max_attempts", command.max_attempts)
      .raw("context", command.context)
      .raw("retry", command.retry)
      .id("redriven_from", command.redriven_from)
      .text_or_null("worker_id", command.worker_id)
      .text_or_null("created_at", command.created_at);
  return out.finish();
}

std::string encode(const std::vector<DeadLetter>& letters, int limit) {
  std::vector<std::string> rows;
  rows.reserve(letters.size());
  for (const auto& letter : letters) {
    json::ObjectWriter out;
    write_letter(out, letter);
    rows.push_back(out.finish());
  }
  json::ObjectWriter out;
  out.raw("letters", json::join_array(rows))
      .id("next_before", static_cast<int>(letters.size()) == limit ? letters.back().queue_id : base::CommandId{});
  return out.finish();
}

std::string encode(const std::vector<DeadGroup>& groups) {
  std::vector<std::string> rows;
  rows.reserve(groups.size());
  for (const auto& group : groups) {
    json::ObjectWriter out;
    out.text("fingerprint", group.fingerprint)
        .integer("count", group.count)
        .text("tool_kind", group.tool_kind)
        .text("error_kind", group.error_kind)
        .text("message", group.message)
        .raw("pools", group.pools)
        .text_or_null("first_died_at", group.first_died_at)
        .text_or_null("last_died_at", group.last_died_at)
        .id("newest", group.newest);
    rows.push_back(out.finish());
  }
  json::ObjectWriter out;
  out.raw("groups", json::join_array(rows));
  return out.finish();
}

}  // namespace noetl::wire
