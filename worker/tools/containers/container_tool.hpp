#pragma once
// ContainerTool: runs an image to its end with the docker or podman command line of the machine. Any thread.
// docs/reference/tools.md has the options.
#include <string>

#include "worker/tools/containers/container_rules.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

struct ContainerSettings {
  ToolLimits limits;
  std::string program;  // empty: docker, else podman, whichever is on PATH
  ContainerRules rules;
};

class ContainerTool final : public Tool {
 public:
  explicit ContainerTool(ContainerSettings settings) : settings_(std::move(settings)) {}
  [[nodiscard]] std::string_view kind() const override { return "container"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  // As the shell tool's: {"status","exit_code","stdout","stderr"}, "data" when stdout is JSON.
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  [[nodiscard]] ToolResult run_image(const ToolCall& call) const;

  const ContainerSettings settings_;
};

}  // namespace noetl::tools
