#pragma once
// The text of one tool alone, {kind: python, code: …}, as a step would have it under `tool`. Pure; any thread.
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/domain/playbook.hpp"

namespace noetl::language {

// Errors: payload_too_large, or invalid_playbook with every finding in `details`, found as in a step's tool.
[[nodiscard]] base::Result<domain::ToolSpec> load_tool(std::string_view text, std::size_t bytes_max);

}  // namespace noetl::language
