#include <nlohmann/json.hpp>

#include "server/api/handlers.hpp"
#include "server/app/pools.hpp"
#include "shared/wire/object_writer.hpp"
#include "shared/wire/pool_json.hpp"

namespace noetl::api {

base::Result<Reply> handle_list_pools(Backing& backing, const Call&) {
  return json_reply(wire::encode(app::list_pools(backing.parts)));
}

base::Result<Reply> handle_get_pool(Backing& backing, const Call& call) {
  return json_reply(wire::encode(app::get_pool(backing.parts, call.name)));
}

base::Result<Reply> handle_put_pool(Backing& backing, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  const auto pool = wire::decode_pool(*body, call.name);
  if (!pool) return base::failure(pool.error());
  return json_reply(wire::encode(app::put_pool(backing.parts, *pool)));
}

base::Result<Reply> handle_delete_pool(Backing& backing, const Call& call) {
  if (const auto deleted = app::delete_pool(backing.parts, call.name); !deleted) return base::failure(deleted.error());
  wire::ObjectWriter out;
  out.text("status", "ok").text("pool", call.name);
  return json_reply(out.finish());
}

}  // namespace noetl::api
