// When rendered text is a number, a word, a list or a map, and how it stays text: docs/reference/types.md.
#include <cmath>
#include <cstring>
#include <random>

#include "shared/templating/values/python_text.hpp"
#include "tests/unit/templating/rendering_fixture.hpp"

namespace noetl::templating {
namespace {

Json value_of(const Json& value, const Json& names = Json::object()) {
  Scope scope;
  scope.add_layer(names);
  const auto made = render_value(value, scope);
  return made ? *made : Json("ERROR: " + made.error().message);
}

// As a text that an expression made, neither a bare reference nor one that keeps text.
Json by_looks(const std::string& text) { return value_of("{{ t | default('') }}", {{"t", text}}); }

// As two outputs, one behind the other.
Json in_parts(const std::string& text) {
  return value_of("{{ a }}{{ b }}", {{"a", text.substr(0, text.size() / 2)}, {"b", text.substr(text.size() / 2)}});
}

}  // namespace

TEST_CASE("A rendered text is a number when printing the number gives the text back") {
  for (const Json& number : {Json(501), Json(0), Json(-7), Json(1.0), Json(1.5), Json(-0.25), Json(9223372036854775807),
                             Json(std::int64_t{-9223372036854775807} - 1), Json(18446744073709551615ULL), Json(0.1),
                             Json(1e-05), Json(1e+22)}) {
    CAPTURE(number.dump());
    CHECK(by_looks(number.dump()) == number);
    CHECK(by_looks(number.dump()).type() == number.type());
    CHECK(in_parts(number.dump()) == number);
  }
}

TEST_CASE("A text that a number would print differently stays text") {
  for (const std::string text : {"00501",
                                 "1.10",
                                 "+49",
                                 "+4930123",
                                 "12e3",
                                 "1234567e8",
                                 "1e5",
                                 "1E5",
                                 "0x10",
                                 "0b1",
                                 "0o17",
                                 "1_000",
                                 " 5 ",
                                 "5 ",
                                 "\t5",
                                 "-0",
                                 "-0.0e0",
                                 "--5",
                                 "5.",
                                 ".5",
                                 "-.5",
                                 "00",
                                 "007",
                                 "1.50",
                                 "0.10",
                                 "1e400",
                                 "inf",
                                 "nan",
                                 "NaN",
                                 "Infinity",
                                 "-inf",
                                 "1,000",
                                 "18446744073709551616",
                                 "-9223372036854775809",
                                 "340282366920938463463374607431768211456",
                                 "3.14159265358979323846",
                                 "123456789.123456789",
                                 "1.0.0",
                                 "22:22",
                                 "2024-01-02",
                                 "1e22",
                                 "100000000000000000000.0",
                                 "\u0661"}) {
    CAPTURE(text);
    CHECK(by_looks(text) == text);
    CHECK(in_parts(text) == text);
  }
}

TEST_CASE("Printing what a text was read as gives the text, whatever the text") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string_view letters = "0123456789..--++eE_x 1";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto size = 1 + random() % 12; size > 0; --size) text += letters[random() % letters.size()];
    const Json value = by_looks(text);
    CAPTURE(text);
    if (value.is_string()) {
      REQUIRE(value == text);
    } else {
      REQUIRE(value.is_number());
      REQUIRE(value.dump() == text);
      if (value.is_number_float()) REQUIRE(python_float(value.get<double>()) == text);
    }
  }
}

TEST_CASE("Numbers that were printed are read again as themselves") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    const auto bits = random();
    double floating = 0;
    std::memcpy(&floating, &bits, sizeof floating);
    CAPTURE(bits);
    REQUIRE(by_looks(std::to_string(bits)) == bits);
    REQUIRE(by_looks(std::to_string(static_cast<std::int64_t>(bits))) == static_cast<std::int64_t>(bits));
    if (std::isfinite(floating)) {
      const Json value = by_looks(python_float(floating));
      REQUIRE((value.is_string() ? value.get<std::string>() : value.dump()) == python_float(floating));
    }
  }
}

TEST_CASE("A postal code, a phone number and a commit stay what they are") {
  const Json names = {{"zip", "00501"}, {"phone", "+49 30 1234"}, {"sha", "1234567e8"}, {"major", 1}, {"minor", "10"}};

  for (const char* text : {"{{ zip }}", "{{ zip | trim }}", "{{ zip | string }}", "{{ zip ~ '' }}",
                           "{{ zip | default('x') }}", "{% if zip %}{{ zip }}{% endif %}", "{{ zip }}{{ '' }}"}) {
    CAPTURE(text);
    CHECK(value_of(text, names) == "00501");
  }
  CHECK(value_of("{{ phone | replace(' ', '') }}", names) == "+49301234");
  CHECK(value_of("{{ sha | trim }}", names) == "1234567e8");
  CHECK(value_of("{{ major }}.{{ minor }}", names) == "1.10");
}

TEST_CASE("What | string and ~ make stays text") {
  const Json names = {{"n", 501},        {"zip", "10115"},    {"yes", true},
                      {"none", nullptr}, {"map", {{"a", 1}}}, {"json", "[1, 2]"}};

  CHECK(value_of("{{ n | string }}", names) == "501");
  CHECK(value_of("{{ n ~ '' }}", names) == "501");
  CHECK(value_of("{{ zip | string }}", names) == "10115");
  CHECK(value_of("{{ zip ~ '' }}", names) == "10115");
  CHECK(value_of("  {{ zip | string }}\n", names) == "10115");
  CHECK(value_of("{{ zip | string | trim }}", names) == "10115");
  CHECK(value_of("{{ (zip | string).strip() }}", names) == "10115");
  CHECK(value_of("{{ (zip | string)[0:3] }}", names) == "101");
  CHECK(value_of("{{ zip | string if zip else '' }}", names) == "10115");
  CHECK(value_of("{{ missing or zip | string }}", names) == "10115");
  CHECK(value_of("{{ yes | string }}", names) == "True");
  CHECK(value_of("{{ none ~ '' }}", names) == "None");
  CHECK(value_of("{{ json | string }}", names) == "[1, 2]");
  CHECK(value_of("{{ json ~ '' }}", names) == "[1, 2]");
  CHECK(value_of("{{ map | tojson | string }}", names) == R"({"a": 1})");
  CHECK(value_of("{{ n | string }}{{ n | string }}", names) == "501501");
  CHECK(value_of("{{ n }}{{ n }}", names) == 501501);
  CHECK(value_of("{% if yes %}{{ n | string }}{% endif %}", names) == "501");
  CHECK(value_of("[{{ n | string }}]", names) == Json({501}));
  CHECK(value_of("{{ n | string | int }}", names) == 501);
}

TEST_CASE("What tojson made is read as the value that it was made of") {
  for (const Json& value :
       {Json("00501"), Json("501"), Json("true"), Json("null"), Json("[1]"), Json("'x'"), Json("<&>\""), Json(501),
        Json(1.5), Json(true), Json(nullptr), Json({1, "2"}), Json({{"a", "1"}})}) {
    CAPTURE(value);
    CHECK(value_of("{{ v | tojson }}", {{"v", value}}) == value);
    CHECK(value_of("{{ v | to_json }}", {{"v", value}}) == value);
    CHECK(value_of("{{ v | tojson | string }}", {{"v", value}}).is_string());
  }
}

TEST_CASE("Words are read as JSON and Python print them") {
  CHECK(by_looks("true") == true);
  CHECK(by_looks("True") == true);
  CHECK(by_looks("false") == false);
  CHECK(by_looks("False") == false);
  CHECK(by_looks("null").is_null());
  CHECK(by_looks("None").is_null());
  for (const std::string text :
       {"TRUE", "tRue", "Null", "NULL", "none", "yes", "no", "NO", "on", "off", " true", "~"}) {
    CAPTURE(text);
    CHECK(by_looks(text) == text);
  }
}

TEST_CASE("Lists and maps are read, quoted texts and tuples are not") {
  CHECK(by_looks("[1, 2]") == Json({1, 2}));
  CHECK(by_looks(" [1, 2]\n") == Json({1, 2}));
  CHECK(by_looks("{'a': None, 'b': True}") == Json({{"a", nullptr}, {"b", true}}));
  CHECK(by_looks("{}") == Json::object());
  CHECK(value_of(R"({"zip": "{{ zip }}"})", {{"zip", "00501"}}) == Json({{"zip", "00501"}}));
  for (const std::string text :
       {R"("orders")", "'x'", "(5)", "(1, 2)", "()", "[00501]", "[a]", "{a}", "{1, 2}", "[1e400]", "[inf]",
        "[12345678901234567890123]", R"({"id": -9223372036854775809})", "{'id': 1_000_000_000_000_000_000_000}"}) {
    CAPTURE(text);
    CHECK(by_looks(text) == text);
  }
  CHECK(by_looks("[18446744073709551615]") == Json({18446744073709551615ULL}));
  CHECK(by_looks(R"(["12345678901234567890123"])") == Json({"12345678901234567890123"}));
}

TEST_CASE("Blanks that the lines of blocks leave are no part of a number or a word") {
  CHECK(value_of("{% if true %}\n  5\n{% endif %}\n") == 5);
  CHECK(value_of("{% if true %} false {% else %} true {% endif %}") == false);
  CHECK(value_of("{{ a }}{{ b }}\n", {{"a", 5}, {"b", 6}}) == 56);
  CHECK(value_of("{{ a }} {{ b }}", {{"a", ""}, {"b", 6}}) == " 6");
}

TEST_CASE("from_json refuses an integer that it would change") {
  const Json made = value_of("{{ t | from_json }}", {{"t", "[12345678901234567890123]"}});

  CHECK(made.get<std::string>().find("beyond 64 bits") != std::string::npos);
}

}  // namespace noetl::templating
