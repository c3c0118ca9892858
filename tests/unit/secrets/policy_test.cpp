// What a credential's policy allows: hosts by pattern, the hosts of its own fields, bytes.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/secrets/credential_policy.hpp"
#include "shared/secrets/own_hosts.hpp"
#include "shared/secrets/secret_fields.hpp"

using namespace noetl::secrets;
using Json = nlohmann::json;

TEST_CASE("a pattern is a host, what is below one, or any, with or without a port") {
  for (const char* good : {"api.example.com", "*.example.com", "*", "localhost:8080", "127.0.0.1", "[::1]:80", "::1",
                           "*:443", "my_host", "/run/postgresql", "API.Example.com."})
    CHECK_MESSAGE(is_host_pattern(good), good);
  for (const char* bad : {"", "a b", "http://x", "x/y", "*.", "a.*.b", "**", "*x", "x:", "x:0", "x:70000", "x:y",
                          "[::1", ".x", "ex\nample", "user@host", "x?y"})
    CHECK_MESSAGE(!is_host_pattern(bad), bad);
}

TEST_CASE("a destination matches as a whole, by its host's last labels, or by its port") {
  CHECK(matches("api.example.com", {"api.example.com", 443}));
  CHECK(matches("API.example.com.", {"api.EXAMPLE.com", 1}));
  CHECK(matches("api.example.com", {"api.example.com.", 443}));
  CHECK_FALSE(matches("api.example.com", {"api.example.com.evil.example", 443}));
  CHECK_FALSE(matches("api.example.com", {"xapi.example.com", 443}));
  CHECK(matches("*.example.com", {"a.b.example.com", 443}));
  CHECK_FALSE(matches("*.example.com", {"example.com", 443}));
  CHECK_FALSE(matches("*.example.com", {"evil-example.com", 443}));
  CHECK_FALSE(matches("*.example.com", {".example.com", 443}));
  CHECK(matches("*", {"anything", 0}));
  CHECK(matches("*:443", {"anything", 443}));
  CHECK_FALSE(matches("*:443", {"anything", 80}));
  CHECK(matches("[::1]:80", {"::1", 80}));
  CHECK_FALSE(matches("127.0.0.1", {"2130706433", 80}));
  CHECK_FALSE(matches("localhost:80", {"localhost", 0}));
  CHECK_FALSE(matches("localhost", {"", 80}));
}

TEST_CASE("every credential that a value came from must agree, and the error says which does not and what to do") {
  const CredentialPolicies both{{.name = "a", .may_reveal = true, .hosts = {"*"}},
                                {.name = "b", .may_reveal = false, .hosts = {"x.example"}}};

  CHECK(check_destination(both, {"x.example", 80}));
  const auto refused = check_destination(both, {"y.example", 80});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == noetl::base::ErrorCode::forbidden);
  CHECK(refused.error().message.find("'b' may not be sent to y.example:80") != std::string::npos);
  CHECK(refused.error().message.find("noetlctl credential allow b --host y.example:80") != std::string::npos);
  CHECK(check_reveal(both, "tool python").error().message.find("credential allow b --reveal") != std::string::npos);
  CHECK(check_destination({}, {"anywhere", 1}));
  CHECK(check_reveal({}, "tool python"));
}

TEST_CASE("where no hosts are named a credential may go to those in its own fields") {
  const auto hosts = [](const char* type, const Json& fields) { return own_hosts(type, fields); };
  using Hosts = std::vector<std::string>;

  CHECK(hosts("postgres", {{"db_host", "db.internal"}, {"db_port", 5433}, {"db_password", "x"}}) ==
        Hosts{"db.internal:5433"});
  CHECK(hosts("postgres", {{"db_password", "x"}}) == Hosts{"localhost"});
  CHECK(hosts("postgres", {{"connection_string", "postgresql://u:p@a.example:1/x"}}) == Hosts{"a.example:1"});
  CHECK(hosts("postgres", {{"dsn", "host=a.example port=7 user=u password=p"}}) == Hosts{"a.example:7"});
  CHECK(hosts("nats", {{"servers", "nats://a:1,nats://u:p@b:2,c"}}) == Hosts{"a:1", "b:2", "c:4222"});
  CHECK(hosts("oauth2", {{"token_url", "https://id.example/token"}}) == Hosts{"id.example:443"});
  CHECK(hosts("bearer", {{"token", "x"}}).empty());
  CHECK(hosts("s3", {{"access_key", "a"}, {"secret_key", "b"}, {"endpoint", "http://minio:9000"}}) ==
        Hosts{"minio:9000"});
  CHECK(hosts("s3", {{"access_key", "a"}, {"secret_key", "b"}}) ==
        Hosts{"*.amazonaws.com:443", "storage.googleapis.com:443"});
}

TEST_CASE("what is no list of policies allows nothing") {
  CHECK(policies_from(Json(), "x") == CredentialPolicies{{.name = "x", .may_reveal = false, .hosts = {}}});
  CHECK(policies_from(Json::array({1}), "x").size() == 1);
  const CredentialPolicies some{{.name = "a", .may_reveal = true, .hosts = {"*"}}};
  CHECK(policies_from(to_json(some), "x") == some);
  CHECK(policies_from(Json::array(), "x").empty());
}

TEST_CASE(
    "the secrets of a credential are its fields but who and where, passwords in addresses, and fields in JSON text") {
  const auto found = secrets_in({{"db_user", "somebody-known"},
                                 {"db_password", "correct horse"},
                                 {"pin", 12345678},
                                 {"nats_url", "nats://u:in%20the%20url@host:1"},
                                 {"same", "somebody-known"},
                                 {"word", "short"},
                                 {"json", R"({"private_key":"-- the key --","client_email":"x@example.com"})"}});
  const auto has = [](const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };

  for (const char* text : {"correct horse", "in%20the%20url", "in the url", "-- the key --"})
    CHECK_MESSAGE(has(found.texts, text), text);
  for (const char* text : {"somebody-known", "x@example.com"}) CHECK_MESSAGE(!has(found.texts, text), text);
  CHECK(has(found.words, "short"));
}
