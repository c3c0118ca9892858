#pragma once
// Options: how tools read what a playbook wrote. Options stand in `tool`, or under `tool.spec` as some
// playbooks write them. Rendered templates give numbers and booleans as text, so both are accepted.
// Free functions; any thread.
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "shared/base/result.hpp"
#include "worker/tools/decimal.hpp"
#include "worker/tools/results.hpp"
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

// Absent: the fallback. Present but no number within [least, most]: invalid_input that names the option.
[[nodiscard]] base::Result<std::int64_t> integer_option(const ToolCall& call, std::string_view name,
                                                        std::int64_t fallback, std::int64_t least, std::int64_t most);

// Absent: the fallback. Numbers and booleans are given as text.
[[nodiscard]] base::Result<std::string> text_option(const ToolCall& call, std::initializer_list<std::string_view> names,
                                                    std::string fallback = {});

// Option `numeric` of the tools that run SQL.
[[nodiscard]] base::Result<NumericAs> numeric_option(const ToolCall& call);

// One line for each option that no tool has and this one does not know; empty when all are known.
[[nodiscard]] std::string unknown_options(const ToolCall& call, std::string_view kind,
                                          std::span<const OptionSpec> options);

// What every tool's run() is: act() behind the boundary for exceptions, with warnings before its output.
template <class F>
[[nodiscard]] ToolResult run_checked(const Tool& tool, const ToolCall& call, F&& act) {
  ToolResult result = never_throws(std::forward<F>(act));
  if (std::string warnings = unknown_options(call, tool.kind(), tool.options()); !warnings.empty()) {
    result.output.insert(0, warnings);
  }
  return result;
}

// A scalar as text: strings as they are, numbers and booleans as JSON writes them; else nothing.
[[nodiscard]] std::optional<std::string> scalar_text(const Json& value);

}  // namespace noetl::tools
