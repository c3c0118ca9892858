#pragma once
// When a result counts as an error, and how an error looks in a template. Pure; any thread.
#include <optional>

#include "shared/domain/command.hpp"
#include "shared/domain/playbook.hpp"

namespace noetl::engine {

// A tool may end well and still say that it failed: {"status": "error", …}, the same inside `data`, or
// one statement of several ({"command_1": {"status": "error"}}).
[[nodiscard]] std::optional<domain::ToolError> error_in_result(const domain::Json& result);

// {kind, message, retryable, status?, retry_after?, traceback?}: what `error` and `output.error` are.
[[nodiscard]] domain::Json to_json(const domain::ToolError& error);
// The reverse; members that are not there stay unset.
[[nodiscard]] domain::ToolError tool_error_from_json(const domain::Json& json);

}  // namespace noetl::engine
