#include <nlohmann/json.hpp>

#include "server/api/handlers.hpp"
#include "server/api/query_reader.hpp"
#include "server/app/enqueue_commands.hpp"
#include "server/app/intake.hpp"
#include "server/app/read_queue.hpp"
#include "shared/domain/command.hpp"
#include "shared/wire/command_json.hpp"
#include "shared/wire/names.hpp"
#include "shared/wire/object_writer.hpp"

namespace noetl::api {
namespace {

using base::ErrorCode;

base::Result<Reply> enqueue_batch(Backing& backing, const Call& call, const nlohmann::json& body) {
  if (!call.idempotency_key.empty()) {
    return base::failure(
        ErrorCode::invalid_input,
        "the header Idempotency-Key is of one command: give each item its own 'idempotency_key'",
        "/commands");
  }
  const auto permit = enter(backing.gates.intake);
  if (!permit) return base::failure(permit.error());
  auto commands = wire::decode_new_commands(body);
  if (!commands) return base::failure(std::move(commands.error()));
  for (auto& command : *commands) {
    if (command.traceparent.empty()) command.traceparent = call.traceparent;
  }
  const auto enqueued = app::enqueue_commands(backing.parts, *commands);
  if (!enqueued) return base::failure(enqueued.error());
  return json_reply(wire::encode(*enqueued), 201);
}

base::Result<Reply> enqueue_one(Backing& backing, const Call& call, const nlohmann::json& body) {
  auto command = wire::decode_new_command(body);
  if (!command) return base::failure(std::move(command.error()));
  if (!call.idempotency_key.empty()) {
    if (!command->idempotency_key.empty() && command->idempotency_key != call.idempotency_key) {
      return base::failure(ErrorCode::invalid_input,
                           "'/idempotency_key' differs from the header Idempotency-Key", "/idempotency_key");
    }
    command->idempotency_key = call.idempotency_key;
  }
  if (command->traceparent.empty()) command->traceparent = call.traceparent;
  // Without a connection to Postgres of its own: it goes with others.
  const auto permit = enter(backing.gates.gathered);
  if (!permit) return base::failure(permit.error());
  const auto enqueued = backing.intake.enqueue(std::move(*command));
  if (!enqueued) return base::failure(enqueued.error());
  return json_reply(wire::encode(*enqueued), 201);
}

}  // namespace

base::Result<Reply> handle_enqueue(Backing& backing, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  return body->is_object() && body->contains("commands") ? enqueue_batch(backing, call, *body)
                                                         : enqueue_one(backing, call, *body);
}

base::Result<Reply> handle_list_commands(Backing& backing, const Call& call) {
  QueryReader reader(call);
  const std::string status = reader.text("status");
  const std::string pool = reader.text("pool", wire::pool_bytes_max);
  const auto before = reader.id<base::CommandId>("before");
  const int limit = reader.limit();
  if (!status.empty() && !domain::command_status_from(status)) {
    reader.refuse("status", "must be one of queued, running, done, failed, dead, cancelled");
  }
  if (!pool.empty() && !wire::is_pool_name(pool))
    reader.refuse("pool", "must consist of letters, digits, '_' and '-'");
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  const auto rows = app::list_commands(backing.parts, status, pool, before, limit);
  std::vector<std::string> commands;
  commands.reserve(rows.size());
  for (const auto& row : rows) commands.push_back(wire::encode(row));
  wire::ObjectWriter out;
  out.raw("commands", wire::join_array(commands))
      // A full page: there may be more below its last one.
      .id("next_before", static_cast<int>(rows.size()) == limit ? rows.back().queue_id : base::CommandId{});
  return json_reply(out.finish());
}

base::Result<Reply> handle_get_command(Backing& backing, const Call& call) {
  const auto row = app::get_command(backing.parts, base::CommandId{call.id});
  if (!row) return base::failure(row.error());
  return json_reply(wire::encode(*row));
}

base::Result<Reply> handle_queue_depth(Backing& backing, const Call&) {
  return json_reply(wire::encode(app::read_queue_depth(backing.parts)));
}

}  // namespace noetl::api
