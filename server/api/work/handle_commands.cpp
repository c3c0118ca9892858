#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/api/calls/query_reader.hpp"
#include "server/api/work/work_handlers.hpp"
#include "server/queue/cancel_commands.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/submit_batcher.hpp"
#include "server/views/read_queue.hpp"
#include "shared/domain/command.hpp"
#include "shared/json/list_pieces.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/command_json.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
namespace {

using base::ErrorCode;

// Ten thousand commands with inputs: more than may be one tree.
constexpr std::size_t enqueued_values_max = 2'000'000;

// Many values: a tree of each command alone.
base::Result<std::vector<wire::NewCommand>> commands_in_pieces(const Call& call) {
  const auto pieces = json::list_pieces(call.body, "commands", wire::enqueue_commands_max);
  if (!pieces || !pieces->rest.empty()) return base::failure(values_of(call).error());
  std::vector<wire::NewCommand> commands;
  commands.reserve(pieces->items.size());
  for (const auto text : pieces->items) {
    const auto values = json::count_values(text, {});
    if (!values) return base::failure(values.error());
    const auto item = tree_of(call, text, *values);
    if (!item) return base::failure(item.error());
    auto command = wire::decode_new_command(*item, "/commands/" + std::to_string(commands.size()));
    if (!command) return base::failure(std::move(command.error()));
    commands.push_back(std::move(*command));
  }
  return commands;
}

template <class Decode>
base::Result<Reply> enqueue_batch(HandlerContext& context, const Call& call, const Decode& decode) {
  if (!call.idempotency_key.empty()) {
    return base::failure(ErrorCode::conflict,
                         "the header Idempotency-Key is of one command: give each item its own 'idempotency_key'",
                         "/commands");
  }
  const auto permit = enter(context.limits.batch_submits);
  if (!permit) return base::failure(permit.error());
  base::Result<std::vector<wire::NewCommand>> commands = decode();
  if (!commands) return base::failure(std::move(commands.error()));
  for (auto& command : *commands) {
    if (command.traceparent.empty()) command.traceparent = call.traceparent;
  }
  const auto enqueued = queue::enqueue_commands(context.server, *commands);
  if (!enqueued) return base::failure(enqueued.error());
  // Each item by itself: the others are enqueued. When there are none, the whole is refused.
  const bool is_any_taken = std::ranges::any_of(*enqueued, [](const auto& one) { return !one.conflict; });
  if (!is_any_taken) return base::failure(*enqueued->front().conflict);
  return json_reply(wire::encode(*enqueued), 201);
}

base::Result<Reply> enqueue_one(HandlerContext& context, const Call& call, const nlohmann::json& body) {
  auto command = wire::decode_new_command(body);
  if (!command) return base::failure(std::move(command.error()));
  if (!call.idempotency_key.empty()) {
    if (!command->idempotency_key.empty() && command->idempotency_key != call.idempotency_key) {
      return base::failure(ErrorCode::conflict, "'/idempotency_key' differs from the header Idempotency-Key",
                           "/idempotency_key");
    }
    command->idempotency_key = call.idempotency_key;
  }
  if (command->traceparent.empty()) command->traceparent = call.traceparent;
  // Without a connection to Postgres of its own: it goes with others.
  const auto permit = enter(context.limits.single_submits);
  if (!permit) return base::failure(permit.error());
  const auto enqueued = context.submits.enqueue(std::move(*command));
  if (!enqueued) return base::failure(enqueued.error());
  return json_reply(wire::encode(*enqueued), 201);
}

}  // namespace

base::Result<Reply> handle_enqueue(HandlerContext& context, const Call& call) {
  const auto values = values_of(call, enqueued_values_max);
  if (!values) return base::failure(values.error());
  if (*values > json::body_values_max_default)
    return enqueue_batch(context, call, [&] { return commands_in_pieces(call); });
  const auto body = tree_of(call, call.body, *values);
  if (!body) return base::failure(body.error());
  return body->is_object() && body->contains("commands")
             ? enqueue_batch(context, call, [&] { return wire::decode_new_commands(*body); })
             : enqueue_one(context, call, *body);
}

base::Result<Reply> handle_list_commands(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  wire::CommandFilter filter;
  filter.status = reader.text("status");
  filter.pool = reader.text("pool", wire::pool_bytes_max);
  filter.tool_kind = reader.text("tool_kind", wire::pool_bytes_max);
  filter.execution_id = reader.id<base::ExecutionId>("execution_id");
  filter.idempotency_key = reader.text("idempotency_key", wire::idempotency_key_bytes_max);
  filter.after = reader.id<base::CommandId>("after");
  filter.before = reader.id<base::CommandId>("before");
  filter.created_after = reader.text("created_after", wire::time_bytes_max);
  filter.created_before = reader.text("created_before", wire::time_bytes_max);
  const int limit = reader.limit();
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  const auto rows = views::list_commands(context.server, filter, limit);
  std::vector<std::string> commands;
  commands.reserve(rows.size());
  for (const auto& row : rows) commands.push_back(wire::encode(row));
  json::ObjectWriter out;
  out.raw("commands", json::join_array(commands))
      // A full page: there may be more below its last one.
      .id("next_before", static_cast<int>(rows.size()) == limit ? rows.back().queue_id : base::CommandId{});
  return json_reply(out.finish());
}

base::Result<Reply> handle_cancel_command(HandlerContext& context, const Call& call) {
  const auto body = json_or_nothing_of(call);
  if (!body) return base::failure(body.error());
  const auto reason = wire::decode_cancel_reason(*body);
  if (!reason) return base::failure(reason.error());
  const auto answer = queue::cancel_command(context.server, base::CommandId{call.id}, *reason);
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

base::Result<Reply> handle_cancel_commands(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_cancel_commands_request(*body);
  if (!request) return base::failure(request.error());
  return json_reply(wire::encode(queue::cancel_commands(context.server, *request)));
}

base::Result<Reply> handle_get_command(HandlerContext& context, const Call& call) {
  const auto row = views::get_command(context.server, base::CommandId{call.id});
  if (!row) return base::failure(row.error());
  return json_reply(wire::encode(*row));
}

base::Result<Reply> handle_queue_depth(HandlerContext& context, const Call&) {
  return json_reply(wire::encode(views::read_queue_depth(context.server)));
}

}  // namespace noetl::api
