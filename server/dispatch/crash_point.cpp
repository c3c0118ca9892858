#include "server/dispatch/crash_point.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace noetl::dispatch {

void crash_after_commit() {
  static const bool is_armed = [] {
    const char* value = std::getenv("NOETL_TEST_CRASH_AFTER_COMMIT");
    return value != nullptr && std::string_view(value) == "1";
  }();
  if (is_armed) _exit(70);
}

}  // namespace noetl::dispatch
