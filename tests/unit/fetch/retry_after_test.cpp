#include "shared/fetch/retry_after.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace noetl::fetch;
using namespace std::chrono_literals;

namespace {

// 2026-11-29 06:00:00.250
constexpr std::chrono::system_clock::time_point now =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 29) + 6h + 250ms;

}  // namespace

TEST_CASE("seconds are waited for, never less than was said and at most a day") {
  CHECK(retry_after_of("0", now) == 0ms);
  CHECK(retry_after_of("120", now) == 120s);
  CHECK(retry_after_of("007", now) == 7s);
  CHECK(retry_after_of("1.5", now) == 1500ms);
  CHECK(retry_after_of("0.0001", now) == 1ms);
  CHECK(retry_after_of("1.9999", now) == 2s);
  CHECK(retry_after_of("2.0000", now) == 2s);
  CHECK(retry_after_of("86401", now) == 24h);
  CHECK(retry_after_of("9223372036854775808", now) == 24h);
  CHECK(retry_after_of(std::string(5000, '9'), now) == 24h);
}

TEST_CASE("a date is waited for in each of its three forms") {
  for (const char* date : {"Sun, 29 Nov 2026 06:01:00 GMT", "Sunday, 29-Nov-26 06:01:00 GMT",
                           "Sun Nov 29 06:01:00 2026", "Sun, 29 Nov 2026 06:01:00 UTC"}) {
    CAPTURE(date);
    CHECK(retry_after_of(date, now) == 59750ms);
  }
  CHECK(retry_after_of("Tue Dec  1 06:00:00 2026", now) == 24h);
  CHECK(retry_after_of("Fri, 31 Dec 9999 23:59:59 GMT", now) == 24h);
  CHECK(retry_after_of("Sun, 29 Nov 2026 06:00:00 GMT", now) == 0ms);
  CHECK(retry_after_of("Sunday, 06-Nov-94 08:49:37 GMT", now) == 0ms);  // not 2094
  CHECK(retry_after_of("Sun Nov  6 08:49:37 1994", now) == 0ms);
  CHECK(retry_after_of("Thu, 01 Jan 0001 00:00:00 GMT", now) == 0ms);
}

TEST_CASE("anything else says nothing") {
  for (const char* junk : {"",
                           " ",
                           "soon",
                           "-1",
                           "-1.5",
                           "+5",
                           "1e3",
                           "0x10",
                           "1,5",
                           "1.",
                           ".5",
                           "5 s",
                           "5s",
                           "1 2",
                           "NaN",
                           "inf",
                           "Sun, 31 Feb 2026 06:01:00 GMT",
                           "Sun, 29 Nov 2026 25:01:00 GMT",
                           "Sun, 29 Nov 2026 06:01:00 CET",
                           "Sun, 29 Nov 2026 06:01 GMT",
                           "Sun, 29 Nov 2026",
                           "2026-11-29T06:01:00Z",
                           "29 Nov 2026 06:01:00 GMT",
                           "Sun, 29 Nov 2026 06:01:00 GMT x",
                           "Sun, 29 Nov 20260 06:01:00 GMT"}) {
    CAPTURE(junk);
    CHECK_FALSE(retry_after_of(junk, now).has_value());
  }
}
