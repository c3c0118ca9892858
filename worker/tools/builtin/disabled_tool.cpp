#include "worker/tools/builtin/disabled_tool.hpp"

#include "worker/tools/results.hpp"

namespace noetl::tools {

ToolResult DisabledTool::run(const ToolCall&) {
  return failed(
      error_of("unsupported", "this worker runs no '" + kind_ +
                                  "' steps: its setting tools (NOETL_TOOLS) does not name that kind. Add it there, or "
                                  "send these steps to a pool of workers that have it"));
}

}  // namespace noetl::tools
