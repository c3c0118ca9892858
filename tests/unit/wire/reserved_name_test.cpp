// Data that looks like a deferred template is found, however it is written, and defused.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/json/reserved_name.hpp"

using namespace noetl;
using Json = nlohmann::json;

TEST_CASE("the reserved name is found as a member, at any depth and however it is written") {
  for (const char* text : {R"({"$template":"x"})", R"([{"a":{"$template":1}}])", R"({"\u0024template":"x"})",
                           R"({"\u0024\u0074emplate":"x"})"}) {
    CAPTURE(text);
    CHECK(json::has_reserved_name(std::string_view(text)));
    CHECK_FALSE(json::has_reserved_name(std::string_view(json::without_reserved_names(text))));
  }
}

TEST_CASE("values, longer names and texts that are no JSON stay as they are") {
  for (const std::string text : {R"({"a":"$template"})", R"({"$templates":1})", R"({"template":1})", "\"$template\"",
                                 "{$template", "{\"price\":\"\\u00245\"}"}) {
    CAPTURE(text);
    CHECK_FALSE(json::has_reserved_name(std::string_view(text)));
    CHECK(json::without_reserved_names(text) == text);
  }
}

TEST_CASE("a defused object keeps its value") {
  CHECK(Json::parse(
            json::without_reserved_names(R"({"a":[{"$template":"{{ keychain.x.y }}","$names":{"$template":2}}]})")) ==
        Json::parse(R"({"a":[{"$template_":"{{ keychain.x.y }}","$names":{"$template_":2}}]})"));
}
