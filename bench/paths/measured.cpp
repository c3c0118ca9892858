// In a file of its own, so that no compiler makes it part of who calls it.
#include "bench/paths/path.hpp"

namespace noetl::bench {

extern "C" [[gnu::noinline]] void noetl_measured(const std::function<void()>& work) {
  work();
  asm volatile("");  // no tail call: callgrind must see the function end
}

}  // namespace noetl::bench
