#include "worker/run_worker_tools.hpp"

#include <algorithm>

#include "worker/tools/http_tool.hpp"
#include "worker/tools/instant_tools.hpp"
#include "worker/tools/postgres/postgres_tool.hpp"
#include "worker/tools/python_tool.hpp"
#include "worker/tools/script_source.hpp"
#include "worker/tools/shell_tool.hpp"

namespace noetl::worker {
namespace {

std::unique_ptr<tools::Tool> python_tool(const config::WorkerSettings& settings) {
  tools::PythonSettings python;
  python.interpreter = settings.python;
  python.limits = limits_of(settings);
  python.pool_size = static_cast<std::size_t>(settings.slots);
  python.warm_size = static_cast<std::size_t>(std::min(settings.python_processes, settings.slots));
  return std::make_unique<tools::PythonTool>(std::move(python));
}

}  // namespace

tools::ToolLimits limits_of(const config::WorkerSettings& settings) {
  return {.output_bytes_max = settings.tool_output_max,
          .result_bytes_max = settings.tool_result_max,
          .memory_bytes_max = settings.tool_memory_max,
          .timeout_default = settings.tool_timeout};
}

void add_tools(tools::Registry& registry, const config::WorkerSettings& settings) {
  const auto limits = limits_of(settings);
  auto http = std::make_unique<tools::HttpTool>(tools::HttpSettings{.limits = limits});
  const tools::ScriptSource scripts(settings.scripts_root, http.get());  // the registry keeps both
  registry.add(python_tool(settings));
  registry.add(std::make_unique<tools::ShellTool>(tools::ShellSettings{.limits = limits}));
  registry.add(std::make_unique<tools::PostgresTool>(
      tools::PostgresSettings{.limits = limits, .default_url = settings.tool_postgres_url, .pool = {}}, scripts));
  registry.add(std::make_unique<tools::NoopTool>());
  registry.add(std::make_unique<tools::EventLogTool>());
  registry.add(std::move(http));
}

}  // namespace noetl::worker
