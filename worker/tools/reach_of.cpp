#include "worker/tools/reach_of.hpp"

namespace noetl::tools {

const reach::Reach& reach_of(const ToolLimits& limits) {
  static const reach::Reach closed;
  return limits.reach == nullptr ? closed : *limits.reach;
}

}  // namespace noetl::tools
