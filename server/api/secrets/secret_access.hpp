#pragma once
// Who may read secrets: whoever shows the worker-token where one is set, else the token where that is set, else programs on
// this machine. Any thread.
#include "server/api/calls/call.hpp"
#include "shared/wire/messages/credential.hpp"

namespace noetl::api {

// Nothing when it is allowed. Errors: unauthenticated, forbidden; they say which setting decides.
[[nodiscard]] base::Result<void> check_may_read_secrets(const HandlerContext& context, const Call& call);

// Who may seal them anew: whoever shows the token of callers, else as above.
[[nodiscard]] base::Result<void> check_may_rotate_secrets(const HandlerContext& context, const Call& call);

// The body as JSON; an error says where it is wrong, but quotes nothing of it.
[[nodiscard]] base::Result<nlohmann::json> secret_json_of(const Call& call);

}  // namespace noetl::api
