#include <nlohmann/json.hpp>

#include "server/api/calls/query_reader.hpp"
#include "server/api/executions/execution_handlers.hpp"
#include "server/dead_letters/dead_letters.hpp"
#include "server/dead_letters/redrive_dead.hpp"
#include "shared/wire/codecs/dead_json.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
namespace {

wire::DeadFilter read_filter(QueryReader& reader) {
  wire::DeadFilter filter;
  filter.fingerprint = reader.text("fingerprint", 64);
  filter.pool = reader.text("pool", wire::pool_bytes_max);
  filter.tool_kind = reader.text("tool_kind", wire::pool_bytes_max);
  filter.error_kind = reader.text("error_kind", wire::pool_bytes_max);
  filter.after = reader.id<base::CommandId>("after");
  filter.before = reader.id<base::CommandId>("before");
  return filter;
}

void read_state(QueryReader& reader, wire::DeadFilter& filter) {
  const std::string state = reader.text("state");
  if (!state.empty()) filter.state = state;
}

}  // namespace

base::Result<Reply> handle_list_dead(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  auto filter = read_filter(reader);
  read_state(reader, filter);
  const bool is_grouped = reader.flag("group");
  const int limit = reader.limit();
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  if (is_grouped) return json_reply(wire::encode(dead_letters::group_dead(context.server, filter, limit)));
  return json_reply(wire::encode(dead_letters::list_dead(context.server, filter, limit), limit));
}

base::Result<Reply> handle_get_dead(HandlerContext& context, const Call& call) {
  const auto command = dead_letters::get_dead(context.server, base::CommandId{call.id});
  if (!command) return base::failure(command.error());
  return json_reply(wire::encode(*command));
}

base::Result<Reply> handle_redrive(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_redrive_request(*body);
  if (!request) return base::failure(request.error());
  const auto answer = dead_letters::redrive_dead(context.server, *request);
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

base::Result<Reply> handle_purge_dead(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  auto filter = read_filter(reader);
  read_state(reader, filter);
  const bool is_dry_run = reader.flag("dry_run");
  const bool is_all = reader.flag("all");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  if (filter.takes_everything() && !is_all) {
    return base::failure(base::ErrorCode::conflict,
                         "query field 'all' must be true to purge every dead letter: or give a filter", "all");
  }
  return json_reply(wire::encode(dead_letters::purge_dead(context.server, filter, is_dry_run)));
}

base::Result<Reply> handle_purge_one_dead(HandlerContext& context, const Call& call) {
  const auto answer = dead_letters::purge_one_dead(context.server, base::CommandId{call.id});
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

}  // namespace noetl::api
