#include <nlohmann/json.hpp>

#include "server/api/executions/execution_handlers.hpp"
#include "server/catalog/register_playbook.hpp"
#include "shared/wire/codecs/catalog_json.hpp"

namespace noetl::api {
namespace {

bool is_yaml(const std::string& content_type) {
  return content_type == "application/yaml" || content_type == "application/x-yaml" || content_type == "text/yaml" ||
         content_type == "text/x-yaml";
}

base::Result<wire::RegisterRequest> register_request_in(const Call& call) {
  if (is_yaml(call.content_type)) {
    if (call.body.empty())
      return base::failure(base::ErrorCode::malformed_body, "the body is empty, but a playbook was expected");
    return wire::register_request_of(call.body);
  }
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  return wire::decode_register_request(*body);
}

}  // namespace

base::Result<Reply> handle_catalog_register(HandlerContext& context, const Call& call) {
  const auto request = register_request_in(call);
  if (!request) return base::failure(request.error());
  const auto answer = catalog::register_playbook(context.server, *request);
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

base::Result<Reply> handle_catalog_list(HandlerContext& context, const Call& call) {
  const auto body = json_or_nothing_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_catalog_list_request(*body);
  if (!request) return base::failure(request.error());
  return json_reply(wire::encode(catalog::list_catalog(context.server, request->resource_type, request->limit)));
}

base::Result<Reply> handle_catalog_resource(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_resource_request(*body);
  if (!request) return base::failure(request.error());
  const auto row = catalog::get_resource(context.server, *request);
  if (!row) return base::failure(row.error());
  return json_reply(wire::encode(*row));
}

}  // namespace noetl::api
