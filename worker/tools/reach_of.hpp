#pragma once
// reach_of: what the tools of this worker may reach. Any thread.
#include "shared/reach/reach.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

// Where main has set nothing: no address of this machine, and files below ./files.
[[nodiscard]] const reach::Reach& reach_of(const ToolLimits& limits);

}  // namespace noetl::tools
