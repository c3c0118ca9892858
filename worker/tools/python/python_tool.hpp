#pragma once
// PythonTool: runs code in a warm interpreter (python_driver.py says how code gets its input and gives its
// result; docs/reference/tools.md has the options). Any thread; each call borrows an interpreter of one of the pools.
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "worker/tools/programs/oom_kills.hpp"
#include "worker/tools/python/python_pool.hpp"
#include "worker/tools/script_source.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

class PythonTool final : public Tool {
 public:
  // `scripts`: absent, the option `script` is refused. `versions`: more interpreters, by the name that the option
  // `python` calls them.
  explicit PythonTool(PythonSettings settings, std::optional<ScriptSource> scripts = std::nullopt,
                      const std::map<std::string, std::string>& versions = {});
  [[nodiscard]] std::string_view kind() const override { return "python"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  [[nodiscard]] base::Result<std::string> code_of(const ToolCall& call) const;
  [[nodiscard]] base::Result<PythonPool*> pool_of(const ToolCall& call);
  [[nodiscard]] ToolResult run_call(const ToolCall& call);

  std::optional<ScriptSource> scripts_;
  OomKills oom_kills_;
  std::map<std::string, std::unique_ptr<PythonPool>> versions_;
  PythonPool pool_;
};

}  // namespace noetl::tools
