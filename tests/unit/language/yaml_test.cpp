#include <doctest/doctest.h>

#include <string>

#include "shared/language/yaml/yaml.hpp"

namespace noetl::language {

namespace {

Json value_of(const std::string& text) {
  const auto document = load_yaml(text);
  REQUIRE_MESSAGE(document.has_value(), text);
  return document->root.to_json();
}

base::Error refusal_of(std::string_view text, const YamlLimits& limits = {}) {
  const auto document = load_yaml(text, limits);
  REQUIRE_FALSE(document.has_value());
  REQUIRE(document.error().details.size() == 1);
  return document.error();
}

void check_refused_at(std::string_view text, int line, int column, const std::string& part) {
  const auto error = refusal_of(text);
  CAPTURE(error.message);
  CHECK(error.code == base::ErrorCode::invalid_playbook);
  CHECK(error.details[0].line == line);
  CHECK(error.details[0].column == column);
  CHECK(error.message.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("plain scalars resolve as PyYAML's SafeLoader resolves them") {
  const std::pair<const char*, Json> expected[] = {{"yes", true},
                                                   {"On", true},
                                                   {"TRUE", true},
                                                   {"no", false},
                                                   {"off", false},
                                                   {"y", "y"},
                                                   {"tRue", "tRue"},
                                                   {"~", nullptr},
                                                   {"null", nullptr},
                                                   {"NULL", nullptr},
                                                   {"0x1F", 31},
                                                   {"0o17", "0o17"},
                                                   {"017", 15},
                                                   {"08", "08"},
                                                   {"1_000", 1000},
                                                   {"+5", 5},
                                                   {"-5", -5},
                                                   {"0b101", 5},
                                                   {"0b12", "0b12"},
                                                   {"1:30", 90},
                                                   {"1:99", "1:99"},
                                                   {"190:20:30", 685230},
                                                   {"1e3", "1e3"},
                                                   {"1.5e3", "1.5e3"},
                                                   {"1.5e+3", 1500.0},
                                                   {"1.", 1.0},
                                                   {".5", 0.5},
                                                   {"-.5", "-.5"},
                                                   {"1_0.5_0", 10.5},
                                                   {"_1", "_1"},
                                                   {"2024-01-01", "2024-01-01"},
                                                   {"1.2.3", "1.2.3"},
                                                   {"9223372036854775807", INT64_MAX},
                                                   {"-9223372036854775808", INT64_MIN},
                                                   {"18446744073709551616", "18446744073709551616"}};
  for (const auto& [text, value] : expected) {
    CAPTURE(text);
    const Json found = value_of("key: " + std::string(text))["key"];
    CHECK(found == value);
    CHECK(found.type_name() == std::string(value.type_name()));
  }
}

TEST_CASE("quotes and block styles make text of everything") {
  CHECK(value_of("a: '1'")["a"] == "1");
  CHECK(value_of("a: \"yes\"")["a"] == "yes");
  CHECK(value_of("a: |\n  12\n")["a"] == "12\n");
  CHECK(value_of("a: >-\n  one\n  two\n")["a"] == "one two");
  CHECK(value_of("a:")["a"].is_null());
}

TEST_CASE("explicit tags of plain types are obeyed and others are refused") {
  CHECK(value_of("a: !!str 12")["a"] == "12");
  CHECK(value_of("a: !!int \"12\"")["a"] == 12);
  CHECK(value_of("a: !!float 3")["a"] == 3.0);
  check_refused_at("a: !!int twelve", 1, 4, "does not fit");
  check_refused_at("a: !!python/object:os.system {}", 1, 4, "not a plain type");
}

TEST_CASE("every node knows its line and column, counted in characters") {
  const auto document = load_yaml("é: {b: [1, x]}\n# comment\nc:\n  - d: 1\n");

  REQUIRE(document.has_value());
  const Node& root = document->root;
  const Node* list = root.find("é")->find("b");
  CHECK(list->items[1].mark.line == 1);
  CHECK(list->items[1].mark.column == 12);
  CHECK(root.find("c")->items[0].find("d")->mark.line == 4);
  CHECK(root.find("c")->items[0].find("d")->mark.column == 8);
}

TEST_CASE("of two equal keys the last counts, and a warning names both lines") {
  const auto document = load_yaml("a:\n  args: 1\n  b: 2\n  args: 3\n");

  REQUIRE(document.has_value());
  CHECK(document->root.to_json() == Json::parse(R"({"a":{"args":3,"b":2}})"));
  REQUIRE(document->warnings.size() == 1);
  CHECK(document->warnings[0].field == "a.args");
  CHECK(document->warnings[0].line == 4);
  CHECK(document->warnings[0].message.find("line 2") != std::string::npos);
}

TEST_CASE("keys stay as they were written, whatever they would resolve to") {
  CHECK(value_of("{on: 1, 0x10: 2, ~: 3, 1.50: 4}") == Json::parse(R"({"on":1,"0x10":2,"null":3,"1.50":4})"));
}

TEST_CASE("aliases and merge keys give copies; own keys win, then the source named first") {
  const Json value = value_of(
      "base: &base {a: 1, b: 1}\nother: &other {b: 2, c: 2}\n"
      "one: {<<: *base, b: 9}\ntwo: {<<: [*base, *other]}\nthree: *base\n");

  CHECK(value["one"] == Json::parse(R"({"a":1,"b":9})"));
  CHECK(value["two"] == Json::parse(R"({"a":1,"b":1,"c":2})"));
  CHECK(value["three"] == value["base"]);
  check_refused_at("a: 1\nb: {<<: text}\n", 2, 9, "<< expects a mapping");
}

TEST_CASE("a YAML bomb is refused before it expands") {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'j'; ++name) {
    bomb += std::string(1, name) + ": &" + name + " [";
    for (int copy = 0; copy < 9; ++copy) bomb += std::string(copy == 0 ? "" : ", ") + "*" + static_cast<char>(name - 1);
    bomb += "]\n";
  }

  CHECK(refusal_of(bomb).message.find("aliases expanded") != std::string::npos);
}

TEST_CASE("one long text repeated by aliases is bounded in bytes") {
  std::string text = "a: &a '" + std::string(500'000, 'x') + "'\nb: [";
  for (int copy = 0; copy < 100; ++copy) text += "*a, ";

  CHECK(refusal_of(text + "]").message.find("bytes, aliases expanded") != std::string::npos);
}

TEST_CASE("aliases cannot nest a value deeper than a text may") {
  std::string text = "a0: &a0 [x]\n";
  for (int level = 1; level < 70; ++level)
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [*a" + std::to_string(level - 1) + "]\n";

  CHECK(refusal_of(text).message.find("nests deeper than 64") != std::string::npos);
}

TEST_CASE("an alias inside its own value is refused") { check_refused_at("a: &a\n  b: *a\n", 2, 6, "cyclic"); }

TEST_CASE("deep nesting is refused in every style") {
  std::string blocks;
  for (int level = 0; level < 200; ++level) blocks += std::string(static_cast<std::size_t>(level), ' ') + "a:\n";

  CHECK(refusal_of(blocks).message.find("deeper than 64") != std::string::npos);
  CHECK(refusal_of("a: " + std::string(100, '[') + std::string(100, ']')).message.find("deeper than 64") !=
        std::string::npos);
  CHECK_FALSE(load_yaml(std::string(1 << 20, '[')).has_value());
  CHECK_FALSE(load_yaml(std::string(1 << 20, '{')).has_value());
  std::string dashes;
  for (int level = 0; level < 100'000; ++level) dashes += "- ";
  CHECK(refusal_of(dashes).message.find("deeper than 64") != std::string::npos);
}

TEST_CASE("a text above the bound on bytes is refused as too large") {
  CHECK(refusal_of(std::string((1 << 20) + 1, 'x')).code == base::ErrorCode::payload_too_large);
  CHECK(refusal_of("abcdef", {.bytes_max = 5}).code == base::ErrorCode::payload_too_large);
  CHECK(load_yaml(std::string(1 << 20, 'x')).has_value());
}

TEST_CASE("too many values are refused") {
  std::string text = "[";
  for (int item = 0; item < 1000; ++item) text += "1,";

  CHECK(refusal_of(text + "1]", {.nodes_max = 500}).message.find("more than 500 values") != std::string::npos);
}

TEST_CASE("bytes that are no UTF-8, NUL and control characters are refused where they stand") {
  using namespace std::string_view_literals;
  check_refused_at("a: b\nc: \xFF\n"sv, 2, 4, "not valid UTF-8");
  check_refused_at("a: \xED\xA0\x80\n"sv, 1, 4, "not valid UTF-8");  // a surrogate
  check_refused_at("a: \xC0\xAF\n"sv, 1, 4, "not valid UTF-8");  // overlong
  check_refused_at("a: \xF4\x90\x80\x80\n"sv, 1, 4, "not valid UTF-8");
  check_refused_at("a: é\xC3"sv, 1, 5, "not valid UTF-8");  // cut off
  check_refused_at("a: x\0y\n"sv, 1, 5, "NUL");
  check_refused_at("a: \x01\n"sv, 1, 4, "control character");
  CHECK(value_of("\xEF\xBB\xBF"
                 "a: 1")["a"] == 1);
}

TEST_CASE("mistakes of YAML carry their place and, for templates without quotes, the cure") {
  check_refused_at("a: 1\nb: {{ x }}\n", 2, 5, "must be in quotes");
  check_refused_at("a: b: c\n", 1, 5, "not YAML");
  check_refused_at("a: 1\n---\nb: 2\n", 3, 1, "one document is expected");
  check_refused_at("a: [1, 2\n", 2, 1, "end of sequence");
  check_refused_at("[" + std::string(2000, ','), 1, 1, "bracket");
}

}  // namespace noetl::language
