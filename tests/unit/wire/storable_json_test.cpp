// Numbers that would be rounded, and texts that no column holds: refused in requests, replaced by one rule in what tools bring.
#include "shared/domain/storable_json.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <random>

#include "shared/domain/json_number.hpp"
#include "shared/json/parse_body.hpp"

using namespace noetl;
using domain::is_kept_number;
using domain::storable_json;

TEST_CASE("integers of 64 bits are kept, and no other") {
  for (const char* token :
       {"0", "-0", "9007199254740993", "9223372036854775807", "-9223372036854775808", "18446744073709551615"}) {
    INFO(token);
    CHECK(is_kept_number(token));
  }
  for (const char* token : {"18446744073709551616", "-9223372036854775809", "340282366920938463463374607431768211456",
                            "100000000000000000000", "-18446744073709551615"}) {
    INFO(token);
    CHECK_FALSE(is_kept_number(token));
  }
}

TEST_CASE("decimals are kept when a double gives back their digits") {
  for (const char* token : {"0.1", "1.10", "2.82942", "123456789.12345679", "0.30000000000000004",
                            "0.10000000000000001", "0.1000000000000000055511151231257827", "1e22", "1E+308",
                            "1.7976931348623157e308", "5e-324", "4.9e-324", "2.2250738585072014e-308", "-0.0", "0e999",
                            "1.000000000000000000000", "9007199254740992.0", "100000000000000000000.0", "1.5e3"}) {
    INFO(token);
    CHECK(is_kept_number(token));
  }
  for (const char* token :
       {"9007199254740993.25", "9007199254740993.0", "3.14159265358979323846", "1e400", "-1e400", "1e-400",
        "0.1000000000000000000001", "123456789012345678.12", "123456789.123456789", "1e-330"}) {
    INFO(token);
    CHECK_FALSE(is_kept_number(token));
  }
}

TEST_CASE("every double is kept in the shortest form and in any with 17 digits") {
  const unsigned seed = std::random_device{}();
  INFO("seed ", seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    char text[64];
    const auto shortest = std::to_chars(text, text + sizeof text, value);
    const std::string shown(text, shortest.ptr);
    const bool is_real = shown.find_first_of(".e") != std::string::npos;
    if (is_real) CHECK_MESSAGE(is_kept_number(shown), shown);
    std::snprintf(text, sizeof text, "%.17g", value);
    if (std::strpbrk(text, ".e") != nullptr) CHECK_MESSAGE(is_kept_number(text), text);
  }
}

TEST_CASE("what is no number of JSON is the parser's business") {
  for (const char* token : {"", "-", "01", "1.", ".5", "1e", "99999999999999999999x", "NaN", "0x10", "1e400x", "--1"}) {
    INFO(token);
    CHECK(is_kept_number(token));
  }
}

TEST_CASE("a request with a number that would be rounded is refused at its byte; what is there already is read") {
  const auto refused = json::parse_body(R"({"input": {"n": 340282366920938463463374607431768211456}})");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::malformed_body);
  CHECK(refused.error().message.find("would be rounded: send it as a text") != std::string::npos);
  CHECK(refused.error().message.find("at byte 16") != std::string::npos);
  for (const char* body : {"[1e-400]", "[9007199254740993.25]", "[-9223372036854775809]", "18446744073709551616",
                           "{\"a\":[0.1,3.14159265358979323846]}"})
    CHECK_FALSE(json::parse_body(body));
  for (const char* body :
       {R"(["18446744073709551616"])", R"({"18446744073709551616":1})", "[18446744073709551615, 1e22, 0.1]"})
    CHECK(json::parse_body(body));
  CHECK(json::parse_body("[18446744073709551616]", {.refuses_rounding = false}));
}

TEST_CASE("numbers that would be rounded become the text of their digits, and nothing else changes") {
  CHECK(storable_json(R"({"a": 340282366920938463463374607431768211456 , "b":[1e400,1.5,-18446744073709551616]})") ==
        R"({"a": "340282366920938463463374607431768211456" , "b":["1e400",1.5,"-18446744073709551616"]})");
  CHECK(storable_json("18446744073709551616") == "\"18446744073709551616\"");
  CHECK_FALSE(
      storable_json(R"({"a":"340282366920938463463374607431768211456","18446744073709551616":[1,2.5,true,null]})"));
  CHECK_FALSE(storable_json(""));
}

TEST_CASE("NUL, halves of pairs and bytes that are no UTF-8 become U+FFFD in values and in names") {
  CHECK(storable_json(R"({"a\u0000":"x\u0000y"})") == R"({"a\ufffd":"x\ufffdy"})");
  CHECK(storable_json(R"(["\ud800","\udc00x","\ud83d\ude00","\ud83d\ud83d\ude00","\uD83D\uDE00"])") ==
        R"(["\ufffd","\ufffdx","\ud83d\ude00","\ufffd\ud83d\ude00","\uD83D\uDE00"])");
  CHECK(storable_json("[\"a\xff\"]") == "[\"a\xEF\xBF\xBD\"]");
  CHECK(storable_json(std::string("[\"a\0b\"]", 7)) ==
        "[\"a\xEF\xBF\xBD"
        "b\"]");
  CHECK_FALSE(storable_json(R"(["\\u0000","\\ud800","\"\\","ä€🙂","\u0041","\n"])"));
}

TEST_CASE("whatever is broken is left to the parser, within its bytes") {
  for (const char* text :
       {"\"", "\"\\", "\"\\u", "\"\\u00", "[\"\\ud800", "{\"a\":", "1e", "-", "[\"\\u12g4\"]", "\"\\x\""}) {
    INFO(text);
    const auto changed = storable_json(text);
    CHECK_FALSE(nlohmann::json::accept(changed ? *changed : text));
  }
}
