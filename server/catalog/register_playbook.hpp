#pragma once
// POST /api/catalog/register. Registering a text that is the latest version of its path already returns
// that version. Any thread. Errors: invalid_playbook with every finding in `details`.
#include <string>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/catalog.hpp"

namespace noetl::catalog {

[[nodiscard]] base::Result<wire::RegisterAnswer> register_playbook(dispatch::ServerContext& context,
                                                                   const wire::RegisterRequest& request);

// Latest version of every path, by path; `content` is left empty. `kind` empty: all kinds.
[[nodiscard]] std::vector<wire::CatalogRow> list_catalog(dispatch::ServerContext& context, const std::string& kind,
                                                         int limit);
[[nodiscard]] base::Result<wire::CatalogRow> get_resource(dispatch::ServerContext& context,
                                                          const wire::ResourceRequest& request);

}  // namespace noetl::catalog
