#pragma once
// AbsentTool: a kind that NoETL's playbooks may name and that is not here. It says so, and what to use instead, rather than
// "no such tool". A worker does not say that it has it. Any thread.
#include <span>

#include "worker/tools/tool.hpp"

namespace noetl::tools {

struct AbsentKind {
  std::string_view kind;
  std::string_view instead;
};
[[nodiscard]] std::span<const AbsentKind> absent_kinds();

class AbsentTool final : public Tool {
 public:
  explicit AbsentTool(AbsentKind absent) : absent_(absent) {}
  [[nodiscard]] std::string_view kind() const override { return absent_.kind; }
  [[nodiscard]] bool is_instant() const override { return true; }
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  const AbsentKind absent_;
};

}  // namespace noetl::tools
