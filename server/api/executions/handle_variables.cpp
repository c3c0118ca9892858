#include <malloc.h>

#include <future>
#include <nlohmann/json.hpp>

#include "server/api/executions/execution_handlers.hpp"
#include "server/views/execution_variables.hpp"
#include "server/views/render_template.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/variable_json.hpp"

namespace noetl::api {

base::Result<Reply> handle_list_variables(HandlerContext& context, const Call& call) {
  const base::ExecutionId execution_id{call.id};
  const auto rows = views::list_variables(context.server, execution_id);
  if (!rows) return base::failure(rows.error());
  return json_reply(wire::encode(execution_id, *rows));
}

base::Result<Reply> handle_set_variables(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_set_variables(*body, base::ExecutionId{call.id});
  if (!request) return base::failure(request.error());
  if (const auto set = views::set_variables(context.server, *request); !set) return base::failure(set.error());
  return json_reply(wire::encode_set_answer(*request));
}

base::Result<Reply> handle_get_variable(HandlerContext& context, const Call& call) {
  const auto row = views::read_variable(context.server, base::ExecutionId{call.id}, call.name);
  if (!row) return base::failure(row.error());
  return json_reply(wire::encode(*row));
}

base::Result<Reply> handle_delete_variable(HandlerContext& context, const Call& call) {
  const base::ExecutionId execution_id{call.id};
  if (const auto gone = views::delete_variable(context.server, execution_id, call.name); !gone)
    return base::failure(gone.error());
  json::ObjectWriter out;
  out.text("status", "success").id("execution_id", execution_id).text("var_name", call.name).boolean("deleted", true);
  return json_reply(out.finish());
}

base::Result<Reply> handle_render(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_render_request(*body);
  if (!request) return base::failure(request.error());
  // On a thread of its own, one after the other (LimitKind::rendering): the allocator keeps what a thread has freed for that
  // thread, and any of hundreds could have rendered. The next such thread may be given another arena, so what was freed goes
  // back to the system.
  const auto answer = std::async(std::launch::async, [&] {
                        auto rendered = views::render_template(context.server, *request);
                        malloc_trim(0);
                        return rendered;
                      }).get();
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

}  // namespace noetl::api
