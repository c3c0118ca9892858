#pragma once
// GET /api/v2/results/{id}: what a step gave that was too large for the execution's state. Any thread. Errors: not_found.
#include <optional>
#include <string>
#include <string_view>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"

namespace noetl::views {

// JSON text as it is stored.
[[nodiscard]] base::Result<std::string> read_result(dispatch::ServerContext& context, base::ResultId result_id);
// "noetl://result/77" or "77"; nothing when it is no reference.
[[nodiscard]] std::optional<base::ResultId> result_id_of(std::string_view reference);

}  // namespace noetl::views
