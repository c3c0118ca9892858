#pragma once
// When a result counts as an error, and how an error looks in a template. Pure; any thread.
#include <optional>

#include "shared/domain/command.hpp"
#include "shared/domain/playbook.hpp"
#include "shared/engine/state/frame.hpp"

namespace noetl::engine {

// A tool may end well and still say that it failed: {"status": "error", …}, the same inside `data`, or
// one statement of several ({"command_1": {"status": "error"}}).
[[nodiscard]] std::optional<domain::ToolError> error_in_result(const domain::Json& result);

// {kind, message, retryable, status?, retry_after?, traceback?} and the details of error_details.hpp: what `error` and `output.error` are.
[[nodiscard]] domain::Json to_json(const domain::ToolError& error);
// The reverse; members that are not there stay unset.
[[nodiscard]] domain::ToolError tool_error_from_json(const domain::Json& json);

// Where a frame failed: {step, task, item: {index, value}, attempt, attempts}; the value is the beginning of the item's JSON.
struct Tried {
  std::string task;  // of a pipeline, else empty
  int attempt = 1;
  int attempts = 1;  // that it may have; less than `attempt`: nobody has said
};
[[nodiscard]] Json place_of(const Frame& frame, const Tried& tried);
// What an execution's error has of a tool's error beside kind and message, with the place.
[[nodiscard]] Json failure_details(Json error, const Json& place);

}  // namespace noetl::engine
