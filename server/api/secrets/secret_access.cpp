#include "server/api/secrets/secret_access.hpp"

#include <nlohmann/json.hpp>

namespace noetl::api {
namespace {

using base::ErrorCode;

std::string_view bearer_of(std::string_view header) {
  constexpr std::string_view scheme = "bearer ";
  if (header.size() < scheme.size()) return {};
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = header[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != scheme[i]) return {};
  }
  return header.substr(scheme.size());
}

}  // namespace

base::Result<void> check_may_read_secrets(const HandlerContext& context, const Call& call) {
  if (context.vault.has_reader_token()) {
    if (context.vault.is_reader_token(bearer_of(call.authorization))) return {};
    return base::failure(ErrorCode::unauthenticated,
                         call.authorization.empty()
                             ? "secrets are shown only with the header 'Authorization: Bearer <worker-token>'"
                             : "the token in Authorization is not the server's worker-token",
                         "Authorization");
  }
  if (call.shows_token || call.is_local) return {};
  return base::failure(ErrorCode::forbidden,
                       "secrets are shown only to programs on the server's machine as long as the server has no "
                       "worker-token; this call came from " +
                           call.peer +
                           " or through a proxy: set worker-token on the server and give it to its workers");
}

base::Result<void> check_may_rotate_secrets(const HandlerContext& context, const Call& call) {
  if (call.shows_token) return {};
  return check_may_read_secrets(context, call);
}

base::Result<nlohmann::json> secret_json_of(const Call& call) {
  auto body = unchecked_json_of(call);
  if (body) {
    if (auto checked = check_by_schema(call, *body, false); !checked) return base::failure(std::move(checked.error()));
    return body;
  }
  const auto at = body.error().message.rfind(" at byte ");
  std::string place = at == std::string::npos ? std::string{} : body.error().message.substr(at);
  if (place.find_first_not_of("0123456789", 9) != std::string::npos) place.clear();
  return base::failure(body.error().code,
                       "the body is not acceptable JSON" + place + " (not quoted, as it may be secret)");
}

}  // namespace noetl::api
