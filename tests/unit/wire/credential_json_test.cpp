// Credentials, keychain entries and variables as JSON: both shapes, and refusals that show no value.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/wire/codecs/credential_json.hpp"
#include "shared/wire/codecs/variable_json.hpp"

using namespace noetl;
using Json = nlohmann::json;

TEST_CASE("a credential's request is read, with nothing but its name required") {
  const auto whole = wire::decode_credential_request(
      Json::parse(R"({"name":"pg","type":"postgres","data":{"p":"x"},"meta":{"m":1},"tags":["t"],"description":"d"})"));
  const auto least = wire::decode_credential_request(Json::parse(R"({"name":"pg"})"));

  REQUIRE(whole);
  CHECK(whole->secret == R"({"p":"x"})");
  CHECK(whole->tags == std::vector<std::string>{"t"});
  REQUIRE(least);
  CHECK(least->type == "generic");
  CHECK(least->secret == "{}");
}

TEST_CASE("refusals name the field and the type, never the value") {
  for (const char* text : {R"({"name":"pg","data":"hunter2hunter2"})", R"({"name":"pg","data":["hunter2hunter2"]})",
                           R"({"name":"pg","passwort":"hunter2hunter2"})", R"({"data":{"p":"hunter2hunter2"}})",
                           R"({"name":"a/b","data":{"p":"hunter2hunter2"}})"}) {
    CAPTURE(text);
    const auto refused = wire::decode_credential_request(Json::parse(text));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("names are parts of URLs") {
  for (const char* name : {"pg_local", "a.b-c", "gcs:hmac@x", "7"}) CHECK(wire::is_secret_name(name));
  for (const char* name : {"", "a b", "a/b", ".a", "-a", "ä"}) CHECK_FALSE(wire::is_secret_name(name));
  CHECK_FALSE(wire::is_secret_name(std::string(129, 'a')));
}

TEST_CASE("a keychain request under either set of names") {
  const auto one = wire::decode_keychain_request(
      Json::parse(
          R"({"token_data":{"token":"x"},"credential_type":"oauth2","scope_type":"local","execution_id":"7","ttl_seconds":60,"auto_renew":true,"renew_config":{"endpoint":"http://h"}})"),
      {5}, "api");
  const auto other =
      wire::decode_keychain_request(Json::parse(R"({"data":{"token":"x"},"kind":"secret","ttl":60})"), {5}, "api");

  REQUIRE_MESSAGE(one, (one ? std::string{} : one.error().message));
  CHECK(one->kind == "oauth2");
  CHECK(one->execution_id.value == 7);
  CHECK(one->renew == R"({"endpoint":"http://h"})");
  REQUIRE(other);
  CHECK(other->scope == "global");
  CHECK(other->ttl_seconds == 60.0);
  CHECK(other->renew.empty());
  CHECK_FALSE(wire::decode_keychain_request(Json::parse(R"({"scope":"local"})"), {5}, "api"));
  CHECK_FALSE(wire::decode_keychain_request(Json::parse(R"({"auto_renew":true})"), {5}, "api"));
  CHECK_FALSE(wire::decode_keychain_request(Json::parse(R"({"data":{},"token_data":{}})"), {5}, "api"));
}

TEST_CASE("variables in both shapes") {
  const auto map = wire::decode_set_variables(
      Json::parse(R"({"variables":{"a":1,"b":{"c":null}},"var_type":"computed","source_step":"s"})"), {7});
  const auto list = wire::decode_set_variables(
      Json::parse(
          R"({"variables":[{"var_name":"a","var_value":"x","var_type":"step_result","source_step":"s"},{"var_name":"b"}]})"),
      {7});

  REQUIRE(map);
  REQUIRE(map->variables.size() == 2);
  CHECK(map->variables[1].value == R"({"c":null})");
  CHECK(map->variables[1].var_type == "computed");
  CHECK(map->variables[1].source_step == "s");
  REQUIRE(list);
  CHECK(list->variables[0].value == R"("x")");
  CHECK(list->variables[0].var_type == "step_result");
  CHECK(list->variables[1].value == "null");
  for (const char* text :
       {R"({})", R"({"variables":3})", R"({"variables":{"a":1},"var_type":"odd"})", R"({"variables":{"":1}})",
        R"({"variables":[{"var_name":"a"}],"var_type":"computed"})", R"({"variables":[{"name":"a"}]})"}) {
    CAPTURE(text);
    CHECK_FALSE(wire::decode_set_variables(Json::parse(text), {7}));
  }
}

TEST_CASE("of two variables with one name the later one holds") {
  const auto list = wire::decode_set_variables(
      Json::parse(
          R"({"variables":[{"var_name":"a","var_value":1},{"var_name":"b"},{"var_name":"a","var_value":2}],"var_type":null})"),
      {7});

  REQUIRE(list);
  REQUIRE(list->variables.size() == 2);
  CHECK(list->variables[0].name == "a");
  CHECK(list->variables[0].value == "2");
}

TEST_CASE("a list of variables is a map and a list") {
  const auto text = wire::encode(base::ExecutionId{7}, {{.execution_id = {7},
                                                         .name = "a \"b\"",
                                                         .value = "[1]",
                                                         .var_type = "computed",
                                                         .source_step = "",
                                                         .access_count = 3,
                                                         .created_at = "",
                                                         .accessed_at = ""}});

  const auto body = Json::parse(text);
  CHECK(body["count"] == 1);
  CHECK(body["variables"]["a \"b\""]["value"] == Json::array({1}));
  CHECK(body["variables"]["a \"b\""]["access_count"] == 3);
  CHECK(body["items"][0]["var_name"] == "a \"b\"");
}
