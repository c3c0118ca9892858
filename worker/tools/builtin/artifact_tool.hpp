#pragma once
// ArtifactTool: reads a stored result by its reference. Any thread; it asks the server through the call's
// ResultSource. docs/reference/tools.md has the options.
#include "worker/tools/tool.hpp"

namespace noetl::tools {

class ArtifactTool final : public Tool {
 public:
  explicit ArtifactTool(ToolLimits limits) : limits_(std::move(limits)) {}
  [[nodiscard]] std::string_view kind() const override { return "artifact"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  // {"status","meta":{"reference"},"data"}.
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  const ToolLimits limits_;
};

}  // namespace noetl::tools
