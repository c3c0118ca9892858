// Credentials and the keychain on a real Postgres: what is stored, who learns of it, how it is fetched and renewed.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/vault/vault.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/token_server.hpp"

using namespace noetl;
using Json = nlohmann::json;
using support::TestServer;
using support::TokenServer;

namespace {

const std::string first_key(64, 'a');
const std::string second_key(64, 'b');

vault::KeyRing ring(const std::string& text) { return *vault::KeyRing::parse(text); }

wire::CredentialRequest credential(const std::string& name, const Json& secret, const std::string& type = "generic") {
  wire::CredentialRequest request;
  request.name = name;
  request.type = type;
  request.secret = secret.dump();
  request.tags = {"a, b", "c"};
  return request;
}

struct Fixture {
  explicit Fixture(const std::string& keys = first_key)
      : vault(server.context, {.keys = ring(keys),
                               .reader_token = {},
                               .egress = {.allow = "loopback,own", .deny = {}, .own = {}, .never = {}}}) {}

  base::CatalogId add_playbook(const std::string& keychain) {
    const std::string text =
        "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: p, path: test/p}\n"
        "workload: {login: api_login, base: nothing}\nkeychain:\n" +
        keychain + "\nworkflow:\n  - step: start\n    tool: {kind: noop}\n";
    const auto answer = catalog::register_playbook(server.context, {.content = text, .resource_type = "Playbook"});
    REQUIRE_MESSAGE(answer, (answer ? std::string{} : answer.error().message));
    return answer->catalog_id;
  }
  base::ExecutionId start(const Json& payload = Json::object()) {
    wire::ExecuteRequest request;
    request.path = "test/p";
    request.payload = payload.dump();
    const auto answer = executions::start_execution(server.context, request);
    REQUIRE_MESSAGE(answer, (answer ? std::string{} : answer.error().message));
    return answer->execution_id;
  }
  base::Result<wire::KeychainRow> get(base::CatalogId catalog_id, const std::string& name,
                                      base::ExecutionId execution_id = {}) {
    return vault.keychain().get({.catalog_id = catalog_id,
                                 .name = name,
                                 .reader = {.worker_id = "w", .execution_id = execution_id, .from = "test"}});
  }
  // A token's text, or the error.
  std::string token(const base::Result<wire::KeychainRow>& row) {
    return row ? Json::parse(row->secret).value("token", "(no token)") : row.error().message;
  }
  void put_login(const TokenServer& endpoint) {
    REQUIRE(vault.credentials().put(credential("api_login",
                                               {{"client_id", TokenServer::client_id},
                                                {"client_secret", TokenServer::client_secret},
                                                {"token_url", endpoint.url() + "/token"}},
                                               "oauth2")));
  }

  TestServer server;
  vault::Vault vault;
};

constexpr const char* global_oauth = "  - {name: api, kind: oauth2, scope: global, credential: '{{ workload.login }}'}";

}  // namespace

TEST_CASE("a credential is stored sealed, listed without its data, and read back whole") {
  Fixture fixture;
  const Json secret{{"db_password", "correct horse battery"}, {"db_port", 5432}, {"umlaut", "Schlüssel"}};

  const auto put = fixture.vault.credentials().put(credential("pg_local", secret, "postgres"));

  REQUIRE(put);
  CHECK(fixture.server.number("select count(*) from noetl.credential where position('correct'::bytea in sealed) > 0") ==
        0);
  const auto rows = fixture.vault.credentials().list({});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].secret.empty());
  CHECK(Json::parse(rows[0].tags) == Json({"a, b", "c"}));
  CHECK(fixture.vault.credentials().get("pg_local")->secret.empty());
  CHECK(Json::parse(fixture.vault.credentials().read("pg_local", {})->secret) == secret);
  CHECK(Json::parse(fixture.vault.credentials().read(put->id.str(), {})->secret) == secret);
}

TEST_CASE("putting a name again replaces its data and keeps its id") {
  Fixture fixture;
  const auto first = fixture.vault.credentials().put(credential("x", {{"v", 1}}));

  const auto second = fixture.vault.credentials().put(credential("x", {{"v", 2}}));

  CHECK(first->id == second->id);
  CHECK(Json::parse(fixture.vault.credentials().read("x", {})->secret) == Json{{"v", 2}});
  CHECK(fixture.vault.credentials().remove("x"));
  CHECK(fixture.vault.credentials().remove("x").error().code == base::ErrorCode::not_found);
  CHECK(fixture.vault.credentials().read("x", {}).error().code == base::ErrorCode::not_found);
}

TEST_CASE("sealed bytes that are moved to another name do not open") {
  Fixture fixture;
  REQUIRE(fixture.vault.credentials().put(credential("admin", {{"v", "admin's"}})));
  REQUIRE(fixture.vault.credentials().put(credential("guest", {{"v", "guest's"}})));
  fixture.server.run(
      "update noetl.credential set sealed = (select sealed from noetl.credential where name = 'admin') where "
      "name = 'guest'");

  const auto read = fixture.vault.credentials().read("guest", {});

  REQUIRE_FALSE(read);
  CHECK(read.error().message.find("'guest'") != std::string::npos);
}

TEST_CASE(
    "every read of a secret leaves an event with who and what, never the secret; what the caller says is told apart") {
  Fixture fixture;
  REQUIRE(fixture.vault.credentials().put(credential("x", {{"v", "the-secret-itself"}})));

  REQUIRE(fixture.vault.credentials().read("x", {.worker_id = "w7", .execution_id = {42}, .from = "10.1.2.3"}));

  const auto rows = support::sql(
      fixture.server.database_url,
      "select coalesce(worker_id, ''), payload->>'name', coalesce(payload->>'execution_id', ''), payload->>'from', "
      "payload->'said'->>'worker_id', payload->'said'->>'execution_id' from noetl.event "
      "where event_type = 'credential.read'");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0] == support::SqlRow{"", "x", "", "10.1.2.3", "w7", "42"});

  // The same of a worker that shows what it registered with, and holds a command of that execution.
  fixture.server.run(
      "insert into noetl.worker (worker_id, pool, hostname, pid, slots, version, tools, labels, lease_until, instance) "
      "values ('w7', 'default', 'h', 1, 1, '', '{}', '{}', now() + interval '1 minute', 'p1')");
  for (const std::string instance : {"p1", "p2"}) {
    REQUIRE(fixture.vault.credentials().read(
        "x", {.worker_id = "w7", .execution_id = {42}, .from = "10.1.2.3", .instance = instance}));
  }
  CHECK(fixture.server.number(
            "select count(*) from noetl.event where event_type = 'credential.read' and worker_id = 'w7'") == 1);
  CHECK(fixture.server.number("select count(*) from noetl.event e where e::text like '%the-secret-itself%'") == 0);
}

TEST_CASE("rotation seals everything with the new key, after which the old one is not needed") {
  Fixture fixture;
  const auto catalog_id = fixture.add_playbook("  []");
  for (int i = 0; i < 5; ++i) REQUIRE(fixture.vault.credentials().put(credential("c" + std::to_string(i), {{"v", i}})));
  wire::KeychainRequest put;
  put.catalog_id = catalog_id;
  put.name = "t";
  put.secret = R"({"token":"x"})";
  REQUIRE(fixture.vault.keychain().put(put));
  vault::Vault both(fixture.server.context, {.keys = ring(second_key + "," + first_key),
                                             .reader_token = {},
                                             .egress = {.allow = "loopback,own", .deny = {}, .own = {}, .never = {}}});
  vault::Vault without_old(fixture.server.context,
                           {.keys = ring(second_key),
                            .reader_token = {},
                            .egress = {.allow = "loopback,own", .deny = {}, .own = {}, .never = {}}});

  CHECK(without_old.credentials().read("c1", {}).error().code == base::ErrorCode::unavailable);
  CHECK(without_old.credentials().rotate()->unreadable.size() == 6);
  const auto rotated = both.credentials().rotate();

  REQUIRE(rotated);
  CHECK(rotated->credentials == 5);
  CHECK(rotated->keychain_entries == 1);
  CHECK(rotated->unreadable.empty());
  CHECK(both.credentials().rotate()->credentials == 0);
  for (int i = 0; i < 5; ++i)
    CHECK(Json::parse(without_old.credentials().read("c" + std::to_string(i), {})->secret) == Json{{"v", i}});
  CHECK(without_old.keychain().get({.catalog_id = catalog_id, .name = "t", .reader = {}}));
}

TEST_CASE("a server without a key refuses to store and to read, and says how to set one") {
  Fixture fixture;
  REQUIRE(fixture.vault.credentials().put(credential("x", {{"v", 1}})));
  vault::Vault keyless(fixture.server.context, {});

  const auto put = keyless.credentials().put(credential("y", {{"v", 1}}));
  const auto read = keyless.credentials().read("x", {});

  CHECK(put.error().code == base::ErrorCode::unavailable);
  CHECK(put.error().message.find("encryption-key") != std::string::npos);
  CHECK(read.error().code == base::ErrorCode::unavailable);
  CHECK(keyless.credentials().get("x"));  // its name is no secret
  CHECK(keyless.credentials().rotate().error().code == base::ErrorCode::unavailable);
}

TEST_CASE("a token is fetched once and kept until shortly before it expires") {
  TokenServer endpoint;
  Fixture fixture;
  fixture.put_login(endpoint);
  const auto catalog_id = fixture.add_playbook(global_oauth);

  const auto first = fixture.get(catalog_id, "api");
  const auto second = fixture.get(catalog_id, "api");

  REQUIRE_MESSAGE(first, fixture.token(first));
  CHECK(first->is_renewed);
  CHECK(fixture.token(first).starts_with(TokenServer::token_mark()));
  CHECK(fixture.token(second) == fixture.token(first));
  CHECK(endpoint.tokens_given == 1);
  CHECK(fixture.server.number("select count(*) from noetl.keychain where position('leak'::bytea in sealed) > 0") == 0);

  fixture.server.run("update noetl.keychain set expires_at = now() + interval '30 seconds'");  // of an hour
  const auto third = fixture.get(catalog_id, "api");
  CHECK(fixture.token(third) != fixture.token(first));
  CHECK(endpoint.tokens_given == 2);
}

TEST_CASE("when a renewal fails the old token serves until it has expired") {
  TokenServer endpoint;
  Fixture fixture;
  fixture.put_login(endpoint);
  const auto catalog_id = fixture.add_playbook(global_oauth);
  const auto first = fixture.get(catalog_id, "api");
  endpoint.is_broken = true;

  fixture.server.run("update noetl.keychain set expires_at = now() + interval '30 seconds'");
  CHECK(fixture.token(fixture.get(catalog_id, "api")) == fixture.token(first));
  fixture.server.run("update noetl.keychain set expires_at = now() - interval '1 second'");
  const auto refused = fixture.get(catalog_id, "api");

  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::unavailable);
  endpoint.is_broken = false;
  CHECK(fixture.get(catalog_id, "api"));  // recovers
}

TEST_CASE("many who ask at the same time cost one call of the token endpoint") {
  TokenServer endpoint;
  Fixture fixture;
  fixture.put_login(endpoint);
  const auto catalog_id = fixture.add_playbook(global_oauth);
  endpoint.wait_for_askers = 6;
  std::vector<std::string> tokens(6);
  {
    std::vector<std::jthread> threads;
    for (auto& token : tokens) {
      threads.emplace_back([&] {
        endpoint.asked();
        token = fixture.token(fixture.get(catalog_id, "api"));
      });
    }
  }

  CHECK(endpoint.tokens_given == 1);
  for (const auto& token : tokens) CHECK(token == tokens[0]);
}

TEST_CASE("a token endpoint that refuses is told without what was sent to it") {
  TokenServer endpoint;
  Fixture fixture;
  REQUIRE(fixture.vault.credentials().put(credential(
      "api_login",
      {{"client_id", "somebody"}, {"client_secret", "wrong-secret"}, {"token_url", endpoint.url() + "/token"}})));
  const auto catalog_id = fixture.add_playbook(global_oauth);

  const auto refused = fixture.get(catalog_id, "api");

  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::forbidden);
  CHECK(refused.error().message.find("invalid_client") != std::string::npos);
  CHECK(refused.error().message.find("wrong-secret") == std::string::npos);
}

TEST_CASE("local tokens belong to one execution, global ones to all, and the execution's workload counts") {
  TokenServer endpoint;
  Fixture fixture;
  fixture.put_login(endpoint);
  const auto catalog_id = fixture.add_playbook(
      "  - {name: mine, kind: oauth2, scope: local, credential: '{{ workload.login }}'}\n"
      "  - {name: all, kind: oauth2, scope: global, credential: '{{ workload.login }}'}\n"
      "  - {name: note, kind: static, data: {token: '{{ workload.base }}'}}");
  const auto one = fixture.start();
  const auto two = fixture.start({{"base", "of two"}});

  CHECK(fixture.token(fixture.get({}, "mine", one)) != fixture.token(fixture.get({}, "mine", two)));
  CHECK(fixture.token(fixture.get({}, "mine", one)) == fixture.token(fixture.get(catalog_id, "mine", one)));
  CHECK(fixture.token(fixture.get({}, "all", one)) == fixture.token(fixture.get({}, "all", two)));
  CHECK(endpoint.tokens_given == 3);
  CHECK(fixture.token(fixture.get({}, "note", one)) == "nothing");
  CHECK(fixture.token(fixture.get({}, "note", two)) == "of two");
  CHECK(fixture.get(catalog_id, "mine").error().field == "execution_id");
  CHECK(fixture.get({catalog_id.value + 1}, "all", one).error().code == base::ErrorCode::not_found);
}

TEST_CASE("an entry may name another one, and what is put through the API comes before the playbook's") {
  Fixture fixture;
  REQUIRE(fixture.vault.credentials().put(credential("keys", {{"api_key", "k1"}})));
  const auto catalog_id = fixture.add_playbook(
      "  - {name: base, kind: credential, credential: keys, map: {key: api_key}}\n"
      "  - {name: header, kind: static, data: {token: 'Key {{ keychain.base.key }}'}}\n"
      "  - {name: a, kind: static, data: {x: '{{ keychain.b.x }}'}}\n"
      "  - {name: b, kind: static, data: {x: '{{ keychain.a.x }}'}}");
  const auto execution = fixture.start();

  CHECK(fixture.token(fixture.get({}, "header", execution)) == "Key k1");
  CHECK(fixture.get({}, "a", execution).error().message.find("circle") != std::string::npos);

  wire::KeychainRequest put;
  put.catalog_id = catalog_id;
  put.name = "base";
  put.secret = R"({"key":"k2"})";
  put.ttl_seconds = 100;
  REQUIRE(fixture.vault.keychain().put(put));
  CHECK(fixture.token(fixture.get({}, "header", execution)) == "Key k2");
  CHECK(fixture.vault.keychain().list(catalog_id).size() == 1);
  CHECK(fixture.vault.keychain().remove(catalog_id, "base", std::nullopt).value() == 1);
  CHECK(fixture.token(fixture.get({}, "header", execution)) == "Key k1");
}

TEST_CASE("a playbook that was called may use the keychain of its caller, unless it has its own") {
  Fixture fixture;
  static_cast<void>(
      fixture.add_playbook("  - {name: of_caller, kind: static, data: {token: '{{ workload.base }}'}}\n"
                           "  - {name: of_both, kind: static, data: {token: caller}}"));
  const auto caller = fixture.start({{"base", "the caller's"}});
  const auto callee_id = fixture.add_playbook("  - {name: of_both, kind: static, data: {token: callee}}");
  const auto callee = fixture.start({{"base", "the callee's"}});
  fixture.server.run("update noetl.execution set parent_execution_id = " + caller.str() +
                     " where execution_id = " + callee.str());

  CHECK(fixture.token(fixture.get({}, "of_caller", callee)) == "the caller's");
  CHECK(fixture.token(fixture.get(callee_id, "of_caller", callee)) == "the caller's");
  CHECK(fixture.token(fixture.get({}, "of_both", callee)) == "callee");
  CHECK(fixture.token(fixture.get({}, "of_both", caller)) == "caller");
  const auto unknown = fixture.get({}, "of_nobody", callee);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("'of_both'") != std::string::npos);
  CHECK(fixture.get({}, "of_both", {42}).error().field == "execution_id");
}

TEST_CASE("a token that was put expires, unless it says how to be renewed") {
  TokenServer endpoint;
  Fixture fixture;
  fixture.put_login(endpoint);
  const auto catalog_id = fixture.add_playbook("  []");
  wire::KeychainRequest put;
  put.catalog_id = catalog_id;
  put.name = "t";
  put.secret = R"({"token":"first"})";
  put.ttl_seconds = 600;
  REQUIRE(fixture.vault.keychain().put(put));
  put.name = "renewed";
  put.kind = "oauth2";
  put.renew = R"({"auth":"api_login","map":{"token":"access_token"}})";
  REQUIRE(fixture.vault.keychain().put(put));
  CHECK(fixture.token(fixture.get(catalog_id, "renewed")) == "first");

  fixture.server.run("update noetl.keychain set expires_at = now() - interval '1 second'");

  CHECK(fixture.get(catalog_id, "t").error().message.find("expired") != std::string::npos);
  const auto renewed = fixture.token(fixture.get(catalog_id, "renewed"));
  CHECK(renewed.starts_with(TokenServer::token_mark()));
  fixture.server.run("update noetl.keychain set expires_at = now() - interval '1 second'");
  CHECK(fixture.token(fixture.get(catalog_id, "renewed")) != renewed);  // and again: it still knows how
}
