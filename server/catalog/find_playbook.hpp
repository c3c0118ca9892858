#pragma once
// find_playbook: a playbook by its id, or by path and version. Any thread.
#include <optional>
#include <string>

#include "server/catalog/playbook_cache.hpp"
#include "server/dispatch/server_context.hpp"
#include "server/postgres/session.hpp"
#include "shared/base/ids.hpp"
#include "shared/base/result.hpp"

namespace noetl::catalog {

// The playbook that a request or a `playbook` tool names.
[[nodiscard]] base::Result<PlaybookPtr> find_playbook(dispatch::ServerContext& context, postgres::Session& session,
                                                      base::CatalogId catalog_id, const std::string& path,
                                                      std::optional<int> version);

}  // namespace noetl::catalog
