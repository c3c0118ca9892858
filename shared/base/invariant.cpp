#include "shared/base/invariant.hpp"

#include <cstdio>
#include <cstdlib>

namespace noetl::base {

void invariant_failed(const char* condition, const char* text, const char* file, int line) {
  std::fprintf(stderr, "invariant broken: %s (%s) at %s:%d\n", text, condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace noetl::base
