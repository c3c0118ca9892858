#pragma once
// PythonTool: runs `code` in a warm interpreter (docs: python_driver.py says how code gets its input and
// gives its result). Any thread; each call borrows an interpreter of the tool's pool.
#include "worker/tools/python_pool.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

class PythonTool final : public Tool {
 public:
  explicit PythonTool(PythonSettings settings) : pool_(std::move(settings)) {}
  [[nodiscard]] std::string_view kind() const override { return "python"; }
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  [[nodiscard]] ToolResult run_code(const ToolCall& call, std::string_view code);

  PythonPool pool_;
};

}  // namespace noetl::tools
