// Durations and counts, as every place reads them.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "shared/durations/count.hpp"
#include "shared/durations/duration.hpp"

namespace noetl::durations {
namespace {
using Json = nlohmann::json;
using std::chrono::milliseconds;
}  // namespace

TEST_CASE("a duration is seconds, or a number with its unit") {
  const std::pair<Json, milliseconds> durations[] = {
      {30, milliseconds{30'000}},          {2.5, milliseconds{2500}},
      {0.0001, milliseconds{1}},           {0, milliseconds{0}},
      {"30", milliseconds{30'000}},        {"30s", milliseconds{30'000}},
      {"500ms", milliseconds{500}},        {"1.5h", milliseconds{5'400'000}},
      {"2m", milliseconds{120'000}},       {"1d", milliseconds{86'400'000}},
      {"0.2s", milliseconds{200}},         {"0.2ms", milliseconds{1}},
      {1.1, milliseconds{1100}},           {0.29, milliseconds{290}},
      {"30d", milliseconds{2'592'000'000}}};
  for (const auto& [written, expected] : durations) {
    CAPTURE(written);
    CHECK(duration_of(written, delay_bounds) == expected);
  }
}

TEST_CASE("what is no duration is refused with what was expected and found") {
  for (const Json& written : {Json("abc"),
                              Json("soon"),
                              Json("-1"),
                              Json(-1),
                              Json("-5s"),
                              Json("1 second"),
                              Json("PT1S"),
                              Json("1e3"),
                              Json(".5"),
                              Json("5."),
                              Json("inf"),
                              Json("nan"),
                              Json(".inf"),
                              Json("1h30m"),
                              Json(" 5"),
                              Json("5 "),
                              Json(""),
                              Json("s"),
                              Json("1_000"),
                              Json("0x10"),
                              Json("+5"),
                              Json("5S"),
                              Json("5min"),
                              Json("1:30"),
                              Json("31d"),
                              Json(1e300),
                              Json("99999999999999999999"),
                              Json(2'592'001),
                              Json(true),
                              Json(nullptr),
                              Json::array({5}),
                              Json{{"seconds", 5}},
                              Json(std::numeric_limits<double>::infinity()),
                              Json(std::numeric_limits<double>::quiet_NaN())}) {
    CAPTURE(written);
    const auto read = duration_of(written, delay_bounds);
    REQUIRE_FALSE(read.has_value());
    CHECK(
        read.error().message.starts_with("expected a duration up to 30d: seconds, or a number with ms, s, m, h or d"));
  }
  CHECK(duration_of("abc", timeout_bounds).error().message ==
        "expected a duration above 0 up to 30d: seconds, or a number with ms, s, m, h or d, such as "
        "30, 500ms, 1.5h; "
        "found 'abc'");
  CHECK_FALSE(duration_of(0, timeout_bounds).has_value());
  CHECK_FALSE(duration_of("0s", timeout_bounds).has_value());
}

TEST_CASE("settings and flags read the same texts, however long") {
  CHECK(parse_duration("500ms") == milliseconds{500});
  CHECK(parse_duration("5") == milliseconds{5000});
  CHECK(parse_duration("2m") == milliseconds{120'000});
  CHECK(parse_duration("1.5s") == milliseconds{1500});
  CHECK(parse_duration("3650d") == milliseconds{315'360'000'000});
  for (const auto* text : {"", "-1s", "1x", "s", "99999999999999999999s", "9223372036854775807d"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
  CHECK(duration_text(milliseconds{90'000}) == "90s");
}

TEST_CASE("a duration that is printed is read again as itself") {
  for (const std::int64_t ms :
       {1LL, 999LL, 1000LL, 90'000LL, 3'600'000LL, 86'400'000LL, 86'400'001LL, 2'592'000'000LL}) {
    CAPTURE(ms);
    CHECK(duration_of(duration_text(milliseconds{ms}), delay_bounds) == milliseconds{ms});
  }
}

TEST_CASE("a count is a whole number within its bounds") {
  CHECK(count_of(3, {}) == 3);
  CHECK(count_of(3.0, {}) == 3);
  CHECK(count_of("3", {}) == 3);
  CHECK(count_of("-5", {.least = -100, .most = 100}) == -5);
  for (const Json& written :
       {Json(0), Json(-1), Json(2.5), Json("abc"), Json("2.5"), Json(""), Json(true), Json(nullptr), Json(1e300),
        Json("1e3"), Json("inf"), Json("3 "), Json("99999999999999999999"), Json::array({3})}) {
    CAPTURE(written);
    CHECK_FALSE(count_of(written, {}).has_value());
  }
  CHECK(count_of("many", {.most = 100}).error().message == "expected a whole number from 1 to 100; found 'many'");
}

TEST_CASE("a factor is a number from 1 to 100") {
  CHECK(factor_of(2) == 2.0);
  CHECK(factor_of("1.5") == 1.5);
  for (const Json& written : {Json(0.5), Json(0), Json(-2), Json(101), Json("x"), Json("nan"), Json(nullptr)}) {
    CAPTURE(written);
    CHECK_FALSE(factor_of(written).has_value());
  }
}

}  // namespace noetl::durations
