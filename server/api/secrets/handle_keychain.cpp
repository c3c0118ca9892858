#include <nlohmann/json.hpp>

#include "server/api/calls/query_reader.hpp"
#include "server/api/secrets/secret_access.hpp"
#include "server/api/secrets/secret_handlers.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/credential_json.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
namespace {

base::Result<Reply> answer(HandlerContext& context, const Call& call, vault::KeychainQuestion question) {
  question.name = call.name;
  question.reader.from = call.peer;
  question.reader.instance = call.worker_instance;
  if (const auto allowed = check_may_read_secrets(context, call); !allowed) return base::failure(allowed.error());
  // A token endpoint that does not answer shall not keep out those who need none.
  const auto permit = enter(context.limits.outside);
  if (!permit) return base::failure(permit.error());
  const auto row = context.vault.keychain().get(std::move(question));
  if (!row) return base::failure(row.error());
  Reply reply = json_reply(wire::encode(*row));
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

}  // namespace

base::Result<Reply> handle_put_keychain(HandlerContext& context, const Call& call) {
  const auto body = secret_json_of(call);
  if (!body) return base::failure(body.error());
  const auto request = wire::decode_keychain_request(*body, base::CatalogId{call.id}, call.name);
  if (!request) return base::failure(request.error());
  const auto row = context.vault.keychain().put(*request);
  if (!row) return base::failure(row.error());
  return json_reply(wire::encode(*row));
}

base::Result<Reply> handle_list_keychain(HandlerContext& context, const Call& call) {
  return json_reply(wire::encode(context.vault.keychain().list(base::CatalogId{call.id})));
}

base::Result<Reply> handle_get_keychain(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  vault::KeychainQuestion question;
  question.catalog_id = base::CatalogId{call.id};
  question.reader.execution_id = reader.id<base::ExecutionId>("execution_id");
  question.reader.worker_id = reader.text("worker_id", wire::worker_id_bytes_max);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return answer(context, call, std::move(question));
}

base::Result<Reply> handle_get_execution_keychain(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  vault::KeychainQuestion question;
  question.reader.execution_id = base::ExecutionId{call.id};
  question.reader.worker_id = reader.text("worker_id", wire::worker_id_bytes_max);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return answer(context, call, std::move(question));
}

base::Result<Reply> handle_delete_keychain(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  const auto execution_id = reader.id<base::ExecutionId>("execution_id");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  const auto count = context.vault.keychain().remove(
      base::CatalogId{call.id}, call.name, execution_id.is_set() ? std::optional(execution_id) : std::nullopt);
  if (!count) return base::failure(count.error());
  json::ObjectWriter out;
  out.text("status", "success").integer("deleted", *count);
  return json_reply(out.finish());
}

}  // namespace noetl::api
