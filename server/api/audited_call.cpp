#include "server/api/audited_call.hpp"

#include "server/vault/audit.hpp"

namespace noetl::api {

namespace {
using base::ErrorCode;

std::string object_of(const Call& call) {
  std::string object = call.id != 0 ? std::to_string(call.id) : std::string{};
  for (const auto* part : {&call.worker_id, &call.name}) {
    if (!part->empty()) object += (object.empty() ? "" : "/") + *part;
  }
  return object;
}
}  // namespace

void audit(HandlerContext& context, const Endpoint& endpoint, const Call& call, const base::Result<Reply>& result) {
  const bool is_refusal =
      !result && (result.error().code == ErrorCode::unauthenticated || result.error().code == ErrorCode::forbidden);
  if (is_refusal) {
    // Whoever is refused may ask without end: beyond the bound it counts, and the log says how often.
    if (!context.audited_refusals.take()) return context.unaudited_refusals.count(1, call.peer);
  } else if (!result || endpoint.audit != AuditKind::all) {
    return;
  }
  vault::audit_call(context.server, {.operation = endpoint.operation_id,
                                     .object = object_of(call),
                                     .outcome = is_refusal ? base::to_string(result.error().code) : "success",
                                     .from = call.peer,
                                     .shows_token = call.shows_token});
}

}  // namespace noetl::api
