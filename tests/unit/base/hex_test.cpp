#include "shared/base/text/hex.hpp"

#include <doctest/doctest.h>

namespace noetl::base {
namespace {

TEST_CASE("hexadecimal digits come back as they were, and nothing else is accepted") {
  const std::string bytes("\x00\x7f\xff\x10", 4);
  CHECK(to_hex(bytes) == "007fff10");
  CHECK(from_hex("007FFF10") == bytes);
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("0g"));
}

}  // namespace
}  // namespace noetl::base
