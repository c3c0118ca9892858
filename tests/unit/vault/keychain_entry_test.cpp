// Entries of a playbook's keychain: what kind they are, what they ask for, what they come to.
#include <doctest/doctest.h>

#include <algorithm>

#include "server/vault/keychain_entry.hpp"

using namespace noetl;
using vault::Json;

namespace {

struct Fixture {
  Json workload = {{"cred", "api_login"}, {"tenant", "blue"}};
  Json entries = {{"login", {{"client_id", "me"}, {"client_secret", "s3cret"}}}};
  vault::EntryNames names{workload, entries, "77", "5"};
};

vault::KeychainEntry entry_of(const Json& written) {
  auto entry = vault::find_entry(Json::array({written}), written.at("name"));
  REQUIRE_MESSAGE(entry, (entry ? std::string{} : entry.error().message));
  return *entry;
}

std::string field(const vault::Fields& fields, const std::string& name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& one) { return one.first == name; });
  return found == fields.end() ? "(none)" : found->second;
}

}  // namespace

TEST_CASE("an OAuth entry with its form written out, naming another entry") {
  const Fixture fixture;
  const auto entry = entry_of(Json::parse(R"({"name":"api","kind":"oauth2","scope":"global","auto_renew":true,
    "endpoint":"https://auth.example/{{ workload.tenant }}/token","method":"POST",
    "headers":{"Content-Type":"application/x-www-form-urlencoded"},
    "data":{"grant_type":"client_credentials","client_id":"{{ keychain.login.client_id }}","client_secret":"{{ keychain.login.client_secret }}"}})"));

  CHECK(entry.form == vault::EntryForm::token);
  CHECK(entry.scope == vault::EntryScope::global);
  CHECK(entry.needs == std::vector<std::string>{"login"});
  const auto request = vault::token_request_of(entry, fixture.names, nullptr);
  REQUIRE(request);
  CHECK(request->url == "https://auth.example/blue/token");
  CHECK(request->method == "POST");
  CHECK(field(request->form, "client_id") == "me");
  CHECK(field(request->form, "client_secret") == "s3cret");
  CHECK_FALSE(request->json);
}

TEST_CASE("an OAuth entry with a credential alone sends the client's grant") {
  const Fixture fixture;
  const Json credential = {
      {"client_id", "me"}, {"client_secret", "s3cret"}, {"token_url", "http://h/t"}, {"scope", "a b"}};
  const auto entry =
      entry_of(Json::parse(R"({"name":"api","kind":"oauth2_client_credentials","credential":"{{ workload.cred }}"})"));

  CHECK(vault::credential_name_of(entry, fixture.names).value() == "api_login");
  const auto request = vault::token_request_of(entry, fixture.names, &credential);
  REQUIRE(request);
  CHECK(request->url == "http://h/t");
  CHECK(vault::encode_form(request->form) ==
        "client_id=me&client_secret=s3cret&grant_type=client_credentials&scope=a%20b");
}

TEST_CASE("an OAuth entry with its client written in place, and one with a form beside its credential") {
  const Fixture fixture;
  const Json credential = {{"id", "me"}, {"token_url", "http://h/t"}};
  const auto in_place = entry_of(Json::parse(
      R"({"name":"a","kind":"oauth2","endpoint":"http://h/t","client_id":"{{ keychain.login.client_id }}","client_secret":"x","scopes":["r","w"]})"));
  const auto with_form =
      entry_of(Json::parse(R"({"name":"a","kind":"oauth2","auth":"c","data":{"user":"{{ credential.id }}"}})"));

  CHECK(vault::encode_form(vault::token_request_of(in_place, fixture.names, nullptr)->form) ==
        "client_id=me&client_secret=x&grant_type=client_credentials&scope=r%20w");
  CHECK(vault::encode_form(vault::token_request_of(with_form, fixture.names, &credential)->form) == "user=me");
}

TEST_CASE("auth_style basic moves the client into the Authorization header") {
  const Fixture fixture;
  const Json credential = {{"client_id", "me"}, {"client_secret", "s3cret"}};
  const auto entry = entry_of(
      Json::parse(R"({"name":"api","kind":"oauth2","endpoint":"http://h/t","auth":"c","auth_style":"basic"})"));

  const auto request = vault::token_request_of(entry, fixture.names, &credential);

  REQUIRE(request);
  CHECK(request->user == "me");
  CHECK(request->password == "s3cret");
  CHECK(vault::encode_form(request->form) == "grant_type=client_credentials");
}

TEST_CASE("a JSON content type sends the fields as JSON") {
  const Fixture fixture;
  const auto entry = entry_of(Json::parse(R"({"name":"api","kind":"oauth2","endpoint":"http://h/t",
    "headers":{"content-type":"application/json"},"data":{"user":"{{ workload.tenant }}","n":3}})"));

  const auto request = vault::token_request_of(entry, fixture.names, nullptr);

  REQUIRE(request);
  REQUIRE(request->json);
  CHECK(*request->json == Json::parse(R"({"user":"blue","n":3})"));
}

TEST_CASE("the token's answer becomes fields, a life, and what map asks for") {
  const Fixture fixture;
  const auto plain = entry_of(Json::parse(R"({"name":"a","kind":"oauth2","endpoint":"http://h/t"})"));
  const auto mapped = entry_of(Json::parse(
      R"({"name":"a","kind":"oauth2","endpoint":"http://h/t","map":{"key":"result.jwt","header":"Bearer {{ result.jwt }}"},"ttl":60})"));

  const auto token =
      vault::token_of(plain, fixture.names, Json::parse(R"({"access_token":"t","expires_in":120,"scope":"x"})"));
  REQUIRE(token);
  CHECK(token->value["token"] == "t");
  CHECK(token->value["access_token"] == "t");
  CHECK(token->value["scope"] == "x");
  CHECK(token->ttl_seconds == 120);
  CHECK(vault::token_of(plain, fixture.names, Json::parse(R"({"token":"t","expires_in":"90"})"))->ttl_seconds == 90);
  CHECK(vault::token_of(plain, fixture.names, Json::parse(R"({"token":"t"})"))->ttl_seconds == 3600);
  const auto other = vault::token_of(mapped, fixture.names, Json::parse(R"({"result":{"jwt":"j"},"expires_in":3600})"));
  REQUIRE(other);
  CHECK(other->value == Json::parse(R"({"key":"j","header":"Bearer j"})"));
  CHECK(other->ttl_seconds == 60);
  CHECK_FALSE(vault::token_of(plain, fixture.names, Json::parse(R"({"ok":true})")));
}

TEST_CASE("a credential's fields, as they are or mapped") {
  const Fixture fixture;
  const Json credential = {{"api_key", "k"}, {"nested", {{"deep", "d"}}}};
  const auto whole = entry_of(Json::parse(R"({"name":"a","kind":"credential","credential":"x"})"));
  const auto mapped = entry_of(Json::parse(
      R"({"name":"a","kind":"static","auth":"x","map":{"token":"api_key","deep":"nested.deep","both":"{{ credential.api_key }}-{{ workload.tenant }}"}})"));
  const auto missing = entry_of(Json::parse(R"({"name":"a","kind":"static","auth":"x","map":{"token":"nothing"}})"));

  CHECK(whole.form == vault::EntryForm::credential);
  CHECK(whole.scope == vault::EntryScope::local);
  CHECK(vault::value_of(whole, fixture.names, &credential).value() == credential);
  CHECK(vault::value_of(mapped, fixture.names, &credential).value() ==
        Json::parse(R"({"token":"k","deep":"d","both":"k-blue"})"));
  const auto refused = vault::value_of(missing, fixture.names, &credential);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("'nothing'") != std::string::npos);
}

TEST_CASE("what a template names and nobody has is an error, not an empty secret") {
  const Fixture fixture;
  const auto entry = entry_of(Json::parse(R"({"name":"a","kind":"static","data":{"token":"{{ workload.nobody }}"}})"));

  const auto refused = vault::value_of(entry, fixture.names, nullptr);

  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("data.token") != std::string::npos);
}

TEST_CASE("entries that cannot be served say why") {
  const auto error_of = [](const char* text) {
    const auto entry = vault::find_entry(Json::parse(text), "a");
    REQUIRE_FALSE(entry);
    return entry.error();
  };
  CHECK(error_of(R"([{"name":"b","data":{}}])").code == base::ErrorCode::not_found);
  CHECK(error_of(R"([{"name":"b","data":{}}])").message.find("'b'") != std::string::npos);
  CHECK(error_of(R"([{"name":"a","kind":"secret_manager","provider":"gcp","map":{"k":"p"}}])").code ==
        base::ErrorCode::unsupported);
  CHECK(error_of(R"([{"name":"a","kind":"oauth2"}])").message.find("endpoint") != std::string::npos);
  CHECK(error_of(R"([{"name":"a","data":{},"scope":"galaxy"}])").message.find("galaxy") != std::string::npos);
  CHECK(error_of(R"([{"name":"a","data":{"x":"{{ keychain[workload.y].z }}"}}])").message.find("keychain") !=
        std::string::npos);
}

TEST_CASE("a map of entries is read as a list of them") {
  CHECK(vault::find_entry(Json::parse(R"({"a":{"kind":"static","data":{"token":"t"}}})"), "a"));
}

TEST_CASE("entries that need each other in a circle are refused, a shared need is none") {
  const auto circle =
      Json::parse(R"([{"name":"a","data":{"x":"{{ keychain.b.x }}"}},{"name":"b","data":{"x":"{{ keychain.a.x }}"}}])");
  const auto diamond = Json::parse(
      R"([{"name":"a","data":{"x":"{{ keychain.b.x }}{{ keychain.c.x }}"}},{"name":"b","data":{"x":"{{ keychain.d.x }}"}},
    {"name":"c","data":{"x":"{{ keychain.d.x }}"}},{"name":"d","data":{"x":"1"}}])");

  const auto refused = vault::check_no_circle(circle, "a");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("a → b") != std::string::npos);
  CHECK(vault::check_no_circle(diamond, "a"));
}
