// The tree of a JSON text is the one that nlohmann's parser makes, whatever the text.
#include "shared/json/json_tree.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace noetl;
using Json = nlohmann::json;

namespace {

// What the parser alone says; nothing when it refuses.
std::optional<Json> reference(const std::string& text) {
  Json parsed = Json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

// Types count: 1 is not 1u and not 1.0.
bool is_same(const Json& a, const Json& b) {
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (a.is_object()) {
    for (const auto& [name, value] : a.items()) {
      if (!b.contains(name) || !is_same(value, b[name])) return false;
    }
    return true;
  }
  if (a.is_array()) return std::equal(a.begin(), a.end(), b.begin(), is_same);
  return a == b;
}

void check_same(const std::string& text) {
  const auto expected = reference(text);
  const auto found = json::build_tree(text);
  INFO("text: ", text);
  if (!found && found.error().find("twice") != std::string::npos) return;  // the parser takes the last one
  REQUIRE(found.has_value() == expected.has_value());
  if (expected) CHECK(is_same(*found, *expected));
}

std::string random_text(std::minstd_rand& random, int depth) {
  static const char* const scalars[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "-0",
                                        "7",
                                        "-12",
                                        "999999999999999999",
                                        "-999999999999999999",
                                        "1000000000000000000",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "18446744073709551615",
                                        "18446744073709551616",
                                        "1.5",
                                        "-0.0",
                                        "1e5",
                                        "2E-3",
                                        "1.25e+10",
                                        "1e308",
                                        "1e-400",
                                        "0.1",
                                        "123456789.123456789",
                                        "\"\"",
                                        "\"plain\"",
                                        "\"a\\\"b\\\\c\\/d\"",
                                        "\"\\b\\f\\n\\r\\t\"",
                                        "\"\\u0041\\u00e9\\u20ac\"",
                                        "\"\\ud83d\\ude00\"",
                                        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""};
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto space = [&] {
    return std::string(static_cast<std::size_t>(below(4) == 0 ? below(3) : 0), " \n\t\r"[below(4)]);
  };
  const int kind = depth == 0 ? 0 : below(3);
  if (kind == 0) return space() + scalars[below(std::size(scalars))] + space();
  std::string out = kind == 1 ? "{" : "[";
  for (int i = 0, n = below(5); i < n; ++i) {
    if (i > 0) out += ",";
    if (kind == 1) out += space() + "\"k" + std::to_string(i) + "\"" + space() + ":";
    out += random_text(random, depth - 1);
  }
  return space() + out + space() + (kind == 1 ? "}" : "]") + space();
}

}  // namespace

TEST_CASE("texts at the edges of JSON give the parser's tree or its refusal") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "]",
                           "{}",
                           "[]",
                           "[,]",
                           "[1,]",
                           "[1 2]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{a:1}",
                           "01",
                           "-",
                           "-01",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "+1",
                           "0x10",
                           "1 1",
                           "nul",
                           "nulll",
                           "tru",
                           "NaN",
                           "\"",
                           "\"\\",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\u-123\"",
                           "\"\\ud800\"",
                           "\"\\udc00\\ud800\"",
                           "\"a\nb\"",
                           "\"\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\xef\xbb\xbf{}",
                           "[[[[]]]]",
                           "{\"a\":{\"a\":[{}]}}",
                           "1e400",
                           "-1e400",
                           "[1]]",
                           "{}{}",
                           "// c\n1"}) {
    check_same(text);
  }
}

TEST_CASE("random texts, whole and damaged, give the parser's tree or its refusal") {
  const unsigned seed = std::random_device{}();
  INFO("seed ", seed);
  std::minstd_rand random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string text = random_text(random, 4);
    check_same(text);
    for (int damage = 0; damage < 3 && !text.empty(); ++damage) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text.erase(at, 1);
      } else {
        text[at] = "{}[]\",:\\0-e.u \x80"[random() % 15];
      }
      check_same(text);
    }
  }
}

TEST_CASE("deep nesting costs no stack") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');

  CHECK(json::build_tree(deep).has_value());
}

TEST_CASE("a field named twice is refused by its name") {
  const auto found = json::build_tree(R"({"a":1,"b":{"c":1,"c":2}})");

  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().find("'c' twice") != std::string::npos);
}
