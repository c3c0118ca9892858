#include <doctest/doctest.h>

#include <random>

#include "shared/json/parse_body.hpp"

using noetl::base::ErrorCode;
using noetl::json::find_invalid_utf8;
using noetl::json::parse_body;

TEST_CASE("valid JSON of any kind is parsed") {
  CHECK(parse_body(R"({"a":[1,"ü",null]})").value()["a"][1] == "ü");
  CHECK(parse_body(" 7 ").value() == 7);
}

TEST_CASE("a body that is too large is refused without being read") {
  const auto result = parse_body(std::string(101, '['), 100);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ErrorCode::payload_too_large);
}

TEST_CASE("values beyond the bound are refused before a tree is made; names are none") {
  const auto values = [](std::string_view text) { return noetl::json::count_values(text, {}).value(); };
  CHECK(values("7") == 1);
  CHECK(values(R"({"a":[1,-2.5e+3,"x:,[{",true,null,{}],"b\\\"c":"d"})") == 9);
  CHECK(values("[[],[],{}]") == 4);
  CHECK(values("[1,[ 2 , 3 ],\"\"]") == 6);

  std::string maps = "[{}";
  for (int i = 0; i < 300'000; ++i) maps += ",{}";
  const auto refused = parse_body(maps + "]");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::payload_too_large);
  CHECK(refused.error().message.find("more than 200000 JSON values") != std::string::npos);
  CHECK(parse_body(maps + "]", {.values_max = 300'002}).has_value());
  CHECK_FALSE(parse_body(maps + "]", {.values_max = 300'001}).has_value());
}

TEST_CASE("two ways of counting values agree, on what is JSON and on what is not") {
  std::minstd_rand random(7);
  static const char pieces[] = "{}[]\",:0123456789.-eE\\tu \n";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto length = random() % 40; length > 0; --length) text += pieces[random() % (sizeof pieces - 1)];
    CAPTURE(text);
    const auto counted = noetl::json::count_values(text, {});
    if (counted) CHECK(noetl::domain::json_shape(text, 1000).values == *counted);
  }
}

TEST_CASE("nesting beyond the bound is refused at its byte, however deep it goes") {
  CHECK(parse_body("[[[1]]]", 1000, 3).has_value());

  const auto result = parse_body(std::string(5'000'000, '['), 10'000'000, 64);

  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ErrorCode::malformed_body);
  CHECK(result.error().message.find("64 levels") != std::string::npos);
  CHECK(result.error().message.find("at byte 64") != std::string::npos);
}

TEST_CASE("brackets inside strings do not count as nesting") {
  CHECK(parse_body(R"(["[[[[\"[[[["])", 1000, 1).has_value());
}

TEST_CASE("NUL is refused as a byte and as an escape, in values and in keys") {
  CHECK_FALSE(parse_body(std::string_view("{\"a\":\"b\0c\"}", 11)).has_value());
  CHECK_FALSE(parse_body(R"({"a":"\u0000"})").has_value());
  CHECK_FALSE(parse_body(R"({"a\u0000":1})").has_value());
  CHECK(parse_body(R"({"a":"\\u0000"})").has_value());  // a backslash, and then plain text
}

TEST_CASE("invalid UTF-8 is refused with the byte it begins at") {
  for (const std::string bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    CHECK(find_invalid_utf8("0123456789" + bad) == 10);
    CHECK_FALSE(parse_body("\"" + bad + "\"").has_value());
  }
  CHECK(find_invalid_utf8("grüße, 世界 🙂 and twenty more bytes of ASCII") == std::string_view::npos);
}

TEST_CASE("syntax errors name the byte and never throw") {
  for (const char* text : {"", "{", "{\"a\"}", "[1,]", "nul", "1e999", "{\"a\":1}x", "\"\\ud800\"", "\"\\", "'a'"}) {
    CAPTURE(text);
    const auto result = parse_body(text);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::malformed_body);
  }
  CHECK(parse_body("[1,x]").error().message.find("at byte 3") != std::string::npos);
}

TEST_CASE("a field that is named twice in one object is refused, wherever the object is") {
  for (const char* text : {R"({"a":1,"a":1})", R"([{"b":{"a":1,"c":[],"a":{}}}])", R"({"a":1,"\u0061":2})"}) {
    CAPTURE(text);
    const auto result = parse_body(text);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::malformed_body);
    CHECK(result.error().message.find("'a' twice") != std::string::npos);
  }
  CHECK(parse_body(R"([{"a":1},{"a":{"a":[{"a":1},{"a":2}]}}])").has_value());
}

TEST_CASE("what is parsed is what nlohmann's own parser makes of it") {
  for (const char* text : {"null", "true", "-1", "18446744073709551615", "9223372036854775808", "1.5e3", "\"x\"", "[]",
                           "{}", "[[],[[]],{}]", R"({"a":[{"b":[1,{"c":{}}]},2],"d":{"e":null},"f":[[1],[2,[3]]]})"}) {
    CAPTURE(text);
    const auto parsed = parse_body(text);
    REQUIRE(parsed.has_value());
    CHECK(*parsed == nlohmann::json::parse(text));
    CHECK(parsed->type() == nlohmann::json::parse(text).type());
  }
}
