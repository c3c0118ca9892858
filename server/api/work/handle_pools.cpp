#include <nlohmann/json.hpp>

#include "server/api/work/work_handlers.hpp"
#include "server/queue/pools.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/worker_json.hpp"

namespace noetl::api {

base::Result<Reply> handle_list_pools(HandlerContext& context, const Call&) {
  return json_reply(wire::encode(queue::list_pools(context.server)));
}

base::Result<Reply> handle_get_pool(HandlerContext& context, const Call& call) {
  return json_reply(wire::encode(queue::get_pool(context.server, call.name)));
}

base::Result<Reply> handle_put_pool(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  const auto pool = wire::decode_pool(*body, call.name);
  if (!pool) return base::failure(pool.error());
  return json_reply(wire::encode(queue::put_pool(context.server, *pool)));
}

base::Result<Reply> handle_delete_pool(HandlerContext& context, const Call& call) {
  if (const auto deleted = queue::delete_pool(context.server, call.name); !deleted)
    return base::failure(deleted.error());
  json::ObjectWriter out;
  out.text("status", "ok").text("pool", call.name);
  return json_reply(out.finish());
}

}  // namespace noetl::api
