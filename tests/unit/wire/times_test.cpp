#include <doctest/doctest.h>

#include <string>

#include "shared/wire/names.hpp"

namespace noetl::wire {

TEST_CASE("a time is RFC 3339, in either case and with as many digits of a fraction as clocks give") {
  for (const char* time :
       {"2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31T12:00:00z", "2026-01-31 12:00:00Z",
        "2026-01-31T12:00:00.1Z", "2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00.1234567890Z",
        "2026-01-31t12:00:00.123456789012345678+02:00", "2026-01-31T23:59:59-00:00"}) {
    CAPTURE(std::string(time));
    CHECK(is_rfc3339(time));
  }
}

TEST_CASE("what is no time is refused") {
  for (const char* time :
       {"", "2026-01-31", "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:00",
        "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00,5Z", "2026-01-31X12:00:00Z", "2026-01-31T12:00:00+0200",
        "0000-01-31T12:00:00Z", "2026-01-31T12:00:00 Z", "2026-1-31T12:00:00Z", "2026-01-31T12:60:00Z", "now"}) {
    CAPTURE(std::string(time));
    CHECK_FALSE(is_rfc3339(time));
  }
  CHECK_FALSE(is_rfc3339("2026-01-31T12:00:00." + std::string(60, '1') + "Z"));
}

}  // namespace noetl::wire
