#pragma once
// add_tools: the tools of this worker from its settings. A tool of one's own in C++ is registered here, too
// (docs/reference/tools.md). Main thread, before the first call.
#include "shared/config/program_settings.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::worker {

[[nodiscard]] tools::ToolLimits limits_of(const config::WorkerSettings& settings);

// Throws std::invalid_argument that names the setting when one cannot be read.
void add_tools(tools::Registry& registry, const config::WorkerSettings& settings);

}  // namespace noetl::worker
