#pragma once
// ExecTool: a tool of one's own that is a program. For each call it is started, reads one JSON object from stdin
// and writes one to stdout; what it writes to stderr is the call's output. docs/reference/tools.md has the protocol. Any thread.
#include <string>

#include "worker/tools/tool.hpp"

namespace noetl::tools {

class ExecTool final : public Tool {
 public:
  ExecTool(std::string kind, std::string path, ToolLimits limits)
      : kind_(std::move(kind)), path_(std::move(path)), limits_(limits) {}
  [[nodiscard]] std::string_view kind() const override { return kind_; }
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  [[nodiscard]] ToolResult run_program(const ToolCall& call) const;

  const std::string kind_;
  const std::string path_;
  const ToolLimits limits_;
};

}  // namespace noetl::tools
