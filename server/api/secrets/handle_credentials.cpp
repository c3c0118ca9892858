#include <nlohmann/json.hpp>

#include "server/api/calls/query_reader.hpp"
#include "server/api/secrets/secret_access.hpp"
#include "server/api/secrets/secret_handlers.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/wire/codecs/credential_json.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
base::Result<Reply> handle_put_credential(HandlerContext& context, const Call& call) {
  const auto body = secret_json_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_credential_request(*body);
  if (!request) return base::failure(request.error());
  const auto row = context.vault.credentials().put(*request);
  if (!row) return base::failure(row.error());
  return json_reply(wire::encode_credential_answer(*row));
}

base::Result<Reply> handle_list_credentials(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  wire::CredentialFilter filter;
  filter.type = reader.text("type", 64);
  filter.after = reader.text("after", 128);
  filter.limit = reader.limit();
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return json_reply(wire::encode(context.vault.credentials().list(filter), filter.limit));
}

base::Result<Reply> handle_get_credential(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  const bool with_data = reader.flag("include_data");
  wire::SecretReader who;
  who.worker_id = reader.text("worker_id", wire::worker_id_bytes_max);
  who.execution_id = reader.id<base::ExecutionId>("execution_id");
  who.from = call.peer;
  who.instance = call.worker_instance;
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  if (with_data) {
    if (const auto allowed = check_may_read_secrets(context, call); !allowed) return base::failure(allowed.error());
  }
  const auto row =
      with_data ? context.vault.credentials().read(call.name, who) : context.vault.credentials().get(call.name);
  if (!row) return base::failure(row.error());
  Reply reply = json_reply(wire::encode(*row));
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

base::Result<Reply> handle_set_credential_policy(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_policy_request(*body);
  if (!request) return base::failure(request.error());
  const auto row = context.vault.credentials().set_policy(call.name, *request);
  if (!row) return base::failure(row.error());
  return json_reply(wire::encode(*row));
}

base::Result<Reply> handle_delete_credential(HandlerContext& context, const Call& call) {
  const auto row = context.vault.credentials().remove(call.name);
  if (!row) return base::failure(row.error());
  return json_reply(wire::encode_credential_answer(*row));
}

base::Result<Reply> handle_rotate_credentials(HandlerContext& context, const Call& call) {
  const auto body = json_or_nothing_of(call);
  if (!body) return base::failure(body.error());
  json::ObjectReader reader(*body);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  if (const auto allowed = check_may_rotate_secrets(context, call); !allowed) return base::failure(allowed.error());
  const auto answer = context.vault.credentials().rotate();
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

}  // namespace noetl::api
