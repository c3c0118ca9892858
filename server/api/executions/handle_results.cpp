#include <nlohmann/json.hpp>

#include "server/api/calls/query_reader.hpp"
#include "server/api/executions/execution_handlers.hpp"
#include "server/views/read_result.hpp"
#include "server/views/store_result.hpp"

namespace noetl::api {

base::Result<Reply> handle_get_result(HandlerContext& context, const Call& call) {
  auto text = views::read_result(context.server, base::ResultId{call.id});
  if (!text) return base::failure(std::move(text.error()));
  return json_reply(std::move(*text));
}

base::Result<Reply> handle_store_result(HandlerContext& context, const Call& call) {
  base::Result<wire::StoreResultRequest> request;
  {
    // Nearly always one text. Of more values than may be a tree, the value goes from text to text.
    const auto values = values_of(call, json::result_values_max);
    if (!values) return base::failure(values.error());
    if (*values > json::body_values_max_default) {
      request = wire::decode_large_result(call.body);
    } else {
      const auto body = tree_of(call, call.body, *values);
      if (!body) return base::failure(body.error());
      request = wire::decode_store_result_request(*body);
    }
  }
  if (!request) return base::failure(std::move(request.error()));
  request->instance = call.worker_instance;
  const auto kept = views::store_result(context.server, *request);
  if (!kept) return base::failure(kept.error());
  return json_reply(wire::encode(*kept), 201);
}

base::Result<Reply> handle_resolve_result(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  const auto reference = reader.text("ref", 128);
  const auto id = views::result_id_of(reference);
  if (!id) reader.refuse("ref", "must be noetl://result/<id>, or the id alone");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  auto text = views::read_result(context.server, *id);
  if (!text) return base::failure(std::move(text.error()));
  return json_reply(std::move(*text));
}

}  // namespace noetl::api
