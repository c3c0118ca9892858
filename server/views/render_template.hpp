#pragma once
// POST /api/context/render: a template as a step of the execution would see it now. Read-only; secrets of the keychain
// are not among the names. Any thread. Errors: not_found; invalid_input with what the template names and nobody has.
#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/variable.hpp"

namespace noetl::views {

[[nodiscard]] base::Result<wire::RenderAnswer> render_template(dispatch::ServerContext& context,
                                                               const wire::RenderRequest& request);

}  // namespace noetl::views
