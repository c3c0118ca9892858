#pragma once
// ShellTool: runs `command` (aliases cmd, script): a text by /bin/sh -c, a list as argv. Options `env`,
// `cwd`, `timeout`; the input is the variable NOETL_INPUT as JSON. Any thread.
#include <chrono>

#include "worker/tools/tool.hpp"

namespace noetl::tools {

struct ShellSettings {
  ToolLimits limits;
  std::chrono::milliseconds kill_grace{2'000};  // between SIGTERM and SIGKILL
};

class ShellTool final : public Tool {
 public:
  explicit ShellTool(ShellSettings settings) : settings_(settings) {}
  [[nodiscard]] std::string_view kind() const override { return "shell"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  // {"status","exit_code","stdout","stderr"} and "data" when stdout is JSON.
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  const ShellSettings settings_;
};

}  // namespace noetl::tools
