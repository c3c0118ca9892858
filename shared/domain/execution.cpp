#include "shared/domain/execution.hpp"

namespace noetl::domain {

namespace {
struct Spelling {
  ExecutionStatus status;
  std::string_view sql;
  std::string_view display;
};
constexpr Spelling spellings[] = {
    {ExecutionStatus::running, "running", "RUNNING"},
    {ExecutionStatus::completed, "completed", "COMPLETED"},
    {ExecutionStatus::failed, "failed", "FAILED"},
    {ExecutionStatus::cancelled, "cancelled", "CANCELLED"},
};
}  // namespace

std::string_view to_string(ExecutionStatus status) { return spellings[static_cast<int>(status)].sql; }

std::string_view to_display(ExecutionStatus status) { return spellings[static_cast<int>(status)].display; }

std::optional<ExecutionStatus> execution_status_from(std::string_view text) {
  for (const auto& spelling : spellings) {
    if (text == spelling.sql || text == spelling.display) return spelling.status;
  }
  return std::nullopt;
}

}  // namespace noetl::domain
