#include <nlohmann/json.hpp>

#include "server/api/executions/execution_handlers.hpp"
#include "server/queue/pause.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/worker_json.hpp"

namespace noetl::api {
namespace {

base::Result<Reply> pause_execution(HandlerContext& context, const Call& call, bool is_paused) {
  const auto body = json_or_nothing_of(call);
  if (!body) return base::failure(body.error());
  json::ObjectReader reader(*body);
  queue::PauseRequest request{.execution_id = base::ExecutionId{call.id}, .is_paused = is_paused, .cascade = true};
  request.cascade = reader.optional_bool("cascade").value_or(true);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  const auto changed = queue::pause_execution(context.server, request);
  if (!changed) return base::failure(changed.error());
  std::vector<std::string> ids;
  for (const auto id : *changed) ids.push_back("\"" + id.str() + "\"");
  json::ObjectWriter out;
  out.text("status", is_paused ? "paused" : "running")
      .id("execution_id", request.execution_id)
      .raw("executions", json::join_array(ids));
  return json_reply(out.finish());
}

// An empty map, or nothing at all.
base::Result<Reply> pause_pool(HandlerContext& context, const Call& call, bool is_paused) {
  const auto body = json_or_nothing_of(call);
  if (!body) return base::failure(body.error());
  json::ObjectReader reader(*body);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return json_reply(wire::encode(queue::pause_pool(context.server, call.name, is_paused)));
}

}  // namespace

base::Result<Reply> handle_pause_execution(HandlerContext& context, const Call& call) {
  return pause_execution(context, call, true);
}
base::Result<Reply> handle_resume_execution(HandlerContext& context, const Call& call) {
  return pause_execution(context, call, false);
}

base::Result<Reply> handle_pause_pool(HandlerContext& context, const Call& call) {
  return pause_pool(context, call, true);
}
base::Result<Reply> handle_resume_pool(HandlerContext& context, const Call& call) {
  return pause_pool(context, call, false);
}

}  // namespace noetl::api
