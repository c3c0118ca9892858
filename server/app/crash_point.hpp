#pragma once
// crash_point: a place where the chaos tests may kill the server, named by the environment variable
// NOETL_TEST_CRASH (e.g. after_commit: between commit and publish). Does nothing when it is not set.
#include <string_view>

namespace noetl::app {
void crash_point(std::string_view name);
}
