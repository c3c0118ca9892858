#pragma once
// open_limits: bounds of a tool whose peers and files are this machine's, as in most tests of tools. Any thread.
#include "tests/support/open_reach.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

inline ToolLimits open_limits(std::size_t result_bytes_max = ToolLimits{}.result_bytes_max) {
  ToolLimits limits;
  limits.result_bytes_max = result_bytes_max;
  limits.reach = support::open_reach();
  return limits;
}

}  // namespace noetl::tools
