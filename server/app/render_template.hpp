#pragma once
// POST /api/context/render: a template as a step of the execution would see it now. Read-only; secrets of the keychain
// are not among the names. Any thread. Errors: not_found; invalid_input with what the template names and nobody has.
#include "server/app/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/variable.hpp"

namespace noetl::app {

[[nodiscard]] base::Result<wire::RenderAnswer> render_template(ServerContext& context,
                                                               const wire::RenderRequest& request);

}  // namespace noetl::app
