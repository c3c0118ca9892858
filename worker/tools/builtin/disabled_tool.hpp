#pragma once
// DisabledTool: a kind that this worker could have and that its setting `tools` does not name. It says so. Any thread.
#include <memory>
#include <string>

#include "worker/tools/tool.hpp"

namespace noetl::tools {

class DisabledTool final : public Tool {
 public:
  // `kept`: the tool itself, when others use it; it is never run.
  DisabledTool(std::string kind, std::unique_ptr<Tool> kept) : kind_(std::move(kind)), kept_(std::move(kept)) {}
  [[nodiscard]] std::string_view kind() const override { return kind_; }
  [[nodiscard]] bool is_instant() const override { return true; }
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  const std::string kind_;
  const std::unique_ptr<Tool> kept_;
};

}  // namespace noetl::tools
