#pragma once
// Options: how tools read what a playbook wrote. Options stand in `tool`, or under `tool.spec` as some
// playbooks write them. Rendered templates give numbers and booleans as text, so both are accepted.
// Free functions; any thread.
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

// The first of these names that is set to something else than null, or nullptr.
[[nodiscard]] const Json* find_option(const ToolCall& call, std::initializer_list<std::string_view> names);

// Absent: the fallback. Present but of the wrong type: invalid_input that names the option.
[[nodiscard]] base::Result<bool> bool_option(const ToolCall& call, std::string_view name, bool fallback);

// call.deadline, or earlier when the option `timeout` (seconds) says so.
[[nodiscard]] base::Result<std::chrono::steady_clock::time_point> deadline_of(const ToolCall& call);

// The arguments: what stands in the tool's own `args` and `input`, under what the call passes.
[[nodiscard]] Json input_of(const ToolCall& call);

// A scalar as text: strings as they are, numbers and booleans as JSON writes them; else nothing.
[[nodiscard]] std::optional<std::string> scalar_text(const Json& value);

}  // namespace noetl::tools
