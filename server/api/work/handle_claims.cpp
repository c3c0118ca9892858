#include <nlohmann/json.hpp>

#include "server/api/work/work_handlers.hpp"
#include "server/queue/claim_commands.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/claim_json.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
namespace {

using base::ErrorCode;

std::string read_worker_id(json::ObjectReader& reader) {
  std::string worker_id = reader.required_string("worker_id", {1, wire::worker_id_bytes_max});
  if (!reader.has_failed() && !wire::is_worker_id(worker_id)) {
    reader.refuse("worker_id", "must consist of letters, digits, '.', '_' and '-'");
  }
  return worker_id;
}

// Exactly this command, or the reason why not.
base::Result<domain::ClaimedCommand> claim_one(HandlerContext& context, const Call& call, std::string worker_id,
                                               base::CommandId queue_id) {
  wire::ClaimRequest request;
  request.worker_id = std::move(worker_id);
  request.queue_ids = {queue_id};
  request.instance = call.worker_instance;
  auto answer = queue::claim_commands(context.server, request, call.stop);
  if (!answer) return base::failure(std::move(answer.error()));
  if (!answer->commands.empty()) return std::move(answer->commands.front());
  if (answer->refused.empty())
    return base::failure(ErrorCode::not_found, "command " + queue_id.str() + " is not there");
  auto& refusal = answer->refused.front();
  return base::failure(base::Error{.code = refusal.code,
                                   .message = std::move(refusal.message),
                                   .field = {},
                                   .retry_after = refusal.retry_after,
                                   .details = {}});
}

}  // namespace

base::Result<Reply> handle_claim(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  auto request = wire::decode_claim_request(*body);
  if (!request) return base::failure(request.error());
  request->instance = call.worker_instance;

  // A claim that waits uses no connection while it does, so it must not keep working requests out.
  const bool waits = request->queue_ids.empty() && request->wait.count() > 0;
  const auto permit = enter(request->direct_dispatch ? context.limits.dispatch_polls
                            : waits                  ? context.limits.long_polls
                                                     : context.limits.work);
  // Who could do without is not refused: it has waited for no time, and comes again later.
  if (!permit && request->direct_dispatch)
    return json_reply(
        wire::encode(wire::ClaimAnswer{.commands = {}, .refused = {}, .waited = std::chrono::milliseconds(0)}));
  if (!permit) return base::failure(permit.error());
  const auto answer = queue::claim_commands(context.server, *request, call.stop, call.is_peer_there);
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

base::Result<Reply> handle_claim_one(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  json::ObjectReader reader(*body);
  std::string worker_id = read_worker_id(reader);
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  const auto command = claim_one(context, call, std::move(worker_id), base::CommandId{call.id});
  if (!command) return base::failure(command.error());
  return json_reply(wire::encode(*command));
}

base::Result<Reply> handle_postgres_execute(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  for (const char* field : {"query", "query_base64", "procedure", "parameters", "schema", "connection_string"}) {
    if (!body->is_object() || !body->contains(field)) continue;
    return base::failure(ErrorCode::unsupported,
                         std::string("this route runs no SQL for its callers ('") + field +
                             "'): it only claims a command by {queue_id, worker_id}. Use POST "
                             "/api/v2/commands/claim to claim, "
                             "and a step with the postgres tool to query",
                         std::string("/") + field);
  }
  json::ObjectReader reader(*body);
  const auto queue_id = reader.required_id<base::CommandId>("queue_id");
  std::string worker_id = read_worker_id(reader);
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  const auto command = claim_one(context, call, std::move(worker_id), queue_id);
  if (!command) return base::failure(command.error());
  // The columns that NoETL v1's UPDATE … RETURNING gave: queue_id, execution_id, node_id, action, context.
  std::string row = "[[\"" + command->lease.queue_id.str() + "\",\"" + command->execution_id.str() + "\",";
  json::append_json_string(row, command->node_id);
  row += ',';
  json::append_json_string(row, command->tool_kind);
  row += ',';
  row += command->context.empty() ? std::string_view("null") : std::string_view(command->context);
  row += "]]";
  json::ObjectWriter out(row.size() + 64);
  out.text("status", "ok").raw("result", row).integer("epoch", command->lease.epoch);
  return json_reply(out.finish());
}

}  // namespace noetl::api
