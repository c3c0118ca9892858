#pragma once
// Execution: one run of a playbook. Its states, as SQL spells them; the API shows them in NoETL's
// upper case. Values; any thread.
#include <optional>
#include <string>
#include <string_view>

namespace noetl::domain {

// running → completed | failed | cancelled; terminal is final (R4).
enum class ExecutionStatus { running, completed, failed, cancelled };
[[nodiscard]] std::string_view to_string(ExecutionStatus status);  // "running": SQL
[[nodiscard]] std::string_view to_display(ExecutionStatus status);  // "RUNNING": API
[[nodiscard]] std::optional<ExecutionStatus> execution_status_from(std::string_view text);  // either case

}  // namespace noetl::domain
