#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "shared/schema/checker.hpp"

using namespace noetl;
using Json = nlohmann::json;

namespace {

const schema::Checker& checker() {
  static const schema::Checker checker(Json::parse(R"({
    "Pool": {"title": "a pool", "type": "string", "maxLength": 4, "pattern": "^[a-z]+$"},
    "Text": {"type": "string", "minLength": 1, "maxLength": 3},
    "Command": {"type": "object", "additionalProperties": false, "required": ["kind"], "properties": {
      "kind": {"$ref": "#/components/schemas/Text"}, "priority": {"type": ["integer", "null"], "minimum": -100, "maximum": 100},
      "pool": {"oneOf": [{"$ref": "#/components/schemas/Pool"}, {"type": "null"}]}, "due": {"type": "string", "format": "date-time"}},
      "not": {"required": ["due", "pool"]}},
    "Batch": {"type": "object", "required": ["commands"], "properties": {
      "commands": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Command"}}}},
    "Request": {"oneOf": [{"$ref": "#/components/schemas/Command"}, {"$ref": "#/components/schemas/Batch"}]},
    "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
    "Whole": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "properties": {"more": {}}}]}
  })"));
  return checker;
}

std::string wrong(const char* name, const char* value, schema::Rules rules = {}) {
  const auto error = checker().check(name, Json::parse(value), rules);
  return error ? error->message : "";
}

}  // namespace

TEST_CASE("a message says where, what must be there and what was found") {
  CHECK(wrong("Command", R"({"kind":"abc","priority":101})") ==
        "'/priority' must be an integer from -100 to 100, found number 101");
  CHECK(wrong("Command", R"({"kind":"abcd"})") == "'/kind' must be a string of 1 to 3 characters, found 4 characters");
  CHECK(wrong("Command", R"({"kind":"a","pool":"A"})") == "'/pool' must be a pool, found string 'A'");
  CHECK(wrong("Command", R"({"kind":"a","priorty":1})") == "'/priorty' is not a known field; did you mean 'priority'?");
  CHECK(wrong("Command", R"({})") == "'/kind' is missing; expected a string of 1 to 3 characters");
  CHECK(wrong("Command", "7") == "the body must be an object, found number 7");
  CHECK(wrong("Batch", R"({"commands":[{"kind":"a"},{"kind":7}]})") ==
        "'/commands/1/kind' must be a string of 1 to 3 characters, found number 7");
  CHECK(wrong("Pool", R"("A")", {.shows_values = false}) ==
        "the body must be a pool, found string (not shown, as it may be secret)");
}

TEST_CASE(
    "numbers without a fraction are integers, texts are counted in characters, null is where the schema has "
    "it") {
  CHECK(wrong("Command", R"({"kind":"äöü","priority":17.0})").empty());
  CHECK(wrong("Command", R"({"kind":"a","priority":null,"pool":null})").empty());
  CHECK_FALSE(wrong("Command", R"({"kind":"a","priority":17.5})").empty());
  CHECK_FALSE(wrong("Command", R"({"kind":null})").empty());
}

TEST_CASE("exactly one alternative fits, and fields that exclude each other do not stand together") {
  CHECK(wrong("Request", R"({"kind":"a"})").empty());
  CHECK(wrong("Request", R"({"commands":[{"kind":"a"}]})").empty());
  CHECK_FALSE(wrong("Request", R"({"commands":[]})").empty());
  const char* both = R"({"kind":"a","pool":"abc","due":"2026-01-31T12:00:00Z"})";
  CHECK_FALSE(wrong("Command", both).empty());
  CHECK(wrong("Command", both, {.fields_together = false}).empty());
}

TEST_CASE("a field that no part of an object names is wrong where all of them must be named") {
  const char* more = R"({"id":1,"more":2,"other":3})";
  CHECK(wrong("Whole", more).empty());
  CHECK(wrong("Whole", more, {.all_fields_are_named = true}) == "'/other' is not a known field");
  CHECK(wrong("Whole", R"({"id":1,"more":2})", {.all_fields_are_named = true}).empty());
}

TEST_CASE("a schema with a keyword that nobody checks is refused, as is a pattern without a bound") {
  CHECK_THROWS(schema::Checker(Json::parse(R"({"A": {"type": "array", "uniqueItems": true}})")));
  CHECK_THROWS(schema::Checker(Json::parse(R"({"A": {"type": "string", "pattern": "^a+$"}})")));
  CHECK_THROWS(schema::Checker(Json::parse(R"({"A": {"$ref": "#/components/schemas/B"}})")));
}
