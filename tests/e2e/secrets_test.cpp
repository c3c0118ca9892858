// Secrets from the command line to a tool, on real processes: they arrive, and are found nowhere else.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/token_server.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const std::string key(64, 'c');

constexpr const char* playbook = R"(apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: secrets, path: e2e/secrets}
workload: {api_url: "", login: api_login}
keychain:
  - name: api
    kind: oauth2
    scope: global
    auto_renew: true
    endpoint: "{{ workload.api_url }}/token"
    data:
      grant_type: client_credentials
      client_id: "{{ keychain.login.client_id }}"
      client_secret: "{{ keychain.login.client_secret }}"
  - name: login
    kind: credential
    credential: "{{ workload.login }}"
workflow:
  - step: start
    tool:
      kind: http
      method: GET
      url: "{{ workload.api_url }}/protected"
      headers:
        Authorization: "Bearer {{ keychain.api.access_token }}"
    next:
      spec: {mode: exclusive}
      arcs:
        - step: code
  - step: code
    tool:
      kind: python
      input:
        token: "{{ keychain.api.token }}"
      code: |
        print("the token is", token)
        result = {"length": len(token), "token": token}
    next:
      spec: {mode: exclusive}
      arcs:
        - step: breaks
  - step: breaks
    tool:
      kind: python
      input:
        token: "{{ keychain.api.token }}"
      code: |
        raise ValueError("no good: " + token)
)";

std::string hex(const std::string& text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

// Everything that Postgres holds, as text.
std::string dump(const Stack& stack) {
  return run_program({.command = {"pg_dump", "--data-only", stack.database_url()},
                      .env = {},
                      .log_file = {},
                      .work_folder = {},
                      .user = {}},
                     20s);
}

std::string logs(const Stack& stack) {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(stack.folder().path())) {
    if (entry.is_regular_file() && entry.path().extension() == ".log") text += read_text(entry.path());
  }
  return text;
}

std::string noetlctl(const Stack& stack, std::vector<std::string> arguments,
                     std::map<std::string, std::string> env = {}) {
  arguments.insert(arguments.begin(), {NOETL_BIN_DIR "/noetlctl", "-o", "json", "--server-url", stack.api().url()});
  return run_program(
      {.command = std::move(arguments), .env = std::move(env), .log_file = {}, .work_folder = {}, .user = {}}, 20s);
}

}  // namespace

TEST_CASE("a keychain token reaches the tools and is found neither in the database nor in a log") {
  TokenServer endpoint;
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", key}, {"NOETL_LOG_LEVEL", "debug"}}});
  const auto put =
      Json::parse(noetlctl(stack,
                           {"credential", "put", "api_login", "--type", "oauth2", "--from-env", "client_id=TEST_ID",
                            "--from-env", "client_secret=TEST_SECRET", "--host", "127.0.0.1", "--reveal"},
                           {{"TEST_ID", TokenServer::client_id}, {"TEST_SECRET", TokenServer::client_secret}}));
  CHECK(put.at("name") == "api_login");
  const auto path = stack.register_playbook(playbook);

  const auto id = stack.execute(path, {{"api_url", endpoint.url()}});
  const auto execution = stack.wait_for_execution(id);

  CHECK_MESSAGE(execution.at("status") == "FAILED", execution.dump(2));  // by its last step
  CHECK_MESSAGE(execution.at("error").dump().find("no good: ***") != std::string::npos, execution.dump(2));
  CHECK(endpoint.tokens_given == 1);
  CHECK(endpoint.protected_hits == 1);
  CHECK(endpoint.protected_refusals == 0);
  const auto& variables = execution.at("variables");
  CHECK_MESSAGE(variables.at("code").dump().find("\"length\":17") != std::string::npos, variables.dump(2));

  const auto stored = dump(stack);
  const auto written = logs(stack);
  const auto events = stack.api().get("/api/v2/executions/" + id + "/events?limit=1000").body;
  for (const std::string& secret : {TokenServer::token_mark(), std::string(TokenServer::client_secret), key}) {
    CAPTURE(secret);
    CHECK(stored.find(secret) == std::string::npos);
    CHECK(stored.find(hex(secret)) == std::string::npos);
    CHECK(written.find(secret) == std::string::npos);
    CHECK(events.find(secret) == std::string::npos);
    CHECK(execution.dump().find(secret) == std::string::npos);
  }
  // The templates are there instead, and who read what.
  CHECK(stored.find("keychain.api.access_token") != std::string::npos);
  CHECK(stack.sql_number("select count(*) from noetl.event where event_type = 'keychain.read' and worker_id <> ''") >=
        1);
  CHECK(stack.sql_number("select count(*) from noetl.event where event_type = 'credential.read'") >= 1);
}

TEST_CASE("a playbook that was called uses its caller's keychain, and an entry is a tool's auth") {
  TokenServer endpoint;
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", key}}});
  REQUIRE(stack.api()
              .post("/api/credentials", {{"name", "api_login"},
                                         {"type", "oauth2"},
                                         {"data",
                                          {{"client_id", TokenServer::client_id},
                                           {"client_secret", TokenServer::client_secret},
                                           {"token_url", endpoint.url() + "/token"}}}})
              .status == 200);
  stack.register_playbook(R"(apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: callee, path: e2e/callee}
workload: {api_url: ""}
workflow:
  - step: start
    tool:
      kind: http
      method: GET
      url: "{{ workload.api_url }}/protected"
      auth: {type: bearer, token: "{{ keychain.api.token }}"}
)");
  const auto path = stack.register_playbook(R"(apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: caller, path: e2e/caller}
workload: {api_url: ""}
keychain:
  - {name: api, kind: oauth2, scope: shared, credential: api_login}
workflow:
  - step: start
    tool:
      kind: playbook
      path: e2e/callee
      input: {api_url: "{{ workload.api_url }}"}
)");

  const auto execution = stack.wait_for_execution(stack.execute(path, {{"api_url", endpoint.url()}}));

  CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
  CHECK(endpoint.protected_hits == 1);
  CHECK(dump(stack).find(TokenServer::token_mark()) == std::string::npos);
}

TEST_CASE("with a worker token only who shows it reads secrets, and workers do") {
  TokenServer endpoint;
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", key},
                       {"NOETL_WORKER_TOKEN", "the-worker-token"},
                       {"NOETL_INSECURE", "on"}}});  // the routes themselves ask for none
  REQUIRE(stack.api()
              .post("/api/credentials",
                    {{"name", "api_login"},
                     {"type", "oauth2"},
                     {"data", {{"client_id", TokenServer::client_id}, {"client_secret", TokenServer::client_secret}}},
                     {"reveal", true},
                     {"hosts", {"127.0.0.1"}}})
              .status == 200);

  CHECK(stack.api().get("/api/credentials/api_login").json().contains("data") == false);
  CHECK(stack.api().get("/api/credentials/api_login?include_data=true").status == 401);
  CHECK_THROWS(noetlctl(stack, {"credential", "get", "api_login", "--include-data"}, {{"NOETL_TOKEN", "wrong"}}));
  const auto shown = Json::parse(
      noetlctl(stack, {"credential", "get", "api_login", "--include-data"}, {{"NOETL_TOKEN", "the-worker-token"}}));
  CHECK(shown.at("data").at("client_id") == TokenServer::client_id);

  const auto path = stack.register_playbook(playbook);
  const auto id = stack.execute(path, {{"api_url", endpoint.url()}});
  static_cast<void>(stack.wait_for_execution(id));
  CHECK(endpoint.protected_hits == 1);
  CHECK(stack.api().get("/api/v2/executions/" + id + "/keychain/api").status == 401);
}

TEST_CASE("without a worker token programs on this machine read secrets, proxies and pages do not") {
  const Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", key}}});
  REQUIRE(stack.api().post("/api/credentials", {{"name", "x"}, {"data", {{"v", "the-value"}}}}).status == 200);
  const auto status_with = [&](const std::string& header) {
    const auto text = run_program({.command = {"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", header,
                                               stack.api().url() + "/api/credentials/x?include_data=true"},
                                   .env = {},
                                   .log_file = {},
                                   .work_folder = {},
                                   .user = {}},
                                  20s);
    return text;
  };

  CHECK(stack.api().get("/api/credentials/x?include_data=true").json().at("data").at("v") == "the-value");
  CHECK(status_with("X-Nothing: 1") == "200");
  for (const char* header : {"X-Forwarded-For: 10.0.0.1", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site"})
    CHECK(status_with(header) == "403");
  CHECK(status_with("Host: evil.example") == "421");
  CHECK(status_with("Host: 127.evil.example") == "421");
}

TEST_CASE("keys are rotated on a running installation, after which the old one is not needed") {
  const std::string new_key(64, 'd');
  Stack stack({.workers = 0, .env = {{"NOETL_ENCRYPTION_KEY", key}}});
  REQUIRE(stack.api().post("/api/credentials", {{"name", "x"}, {"data", {{"v", "the-value"}}}}).status == 200);
  const auto value = [&] { return stack.api().get("/api/credentials/x?include_data=true"); };
  const auto restart_with = [&](const std::string& keys) {
    stack.server().send(SIGTERM);
    static_cast<void>(stack.server().wait(20s));
    stack.restart_server(0, {{"NOETL_ENCRYPTION_KEY", keys}});
  };

  restart_with(new_key + "," + key);
  CHECK(value().json().at("data").at("v") == "the-value");
  const auto rotated = Json::parse(noetlctl(stack, {"credential", "rotate"}));
  CHECK(rotated.at("credentials") == 1);
  CHECK(rotated.at("unreadable").empty());
  restart_with(new_key);
  CHECK(value().json().at("data").at("v") == "the-value");
  restart_with(key);
  CHECK(value().status == 503);
}

TEST_CASE("a server without a key says so, and refuses credentials") {
  const Stack stack;

  const auto refused = stack.api().post("/api/credentials", {{"name", "x"}, {"data", {{"v", "the-value"}}}});

  CHECK(refused.status == 503);
  CHECK(refused.json().at("detail").get<std::string>().find("encryption-key") != std::string::npos);
  CHECK(refused.body.find("the-value") == std::string::npos);
}

TEST_CASE("variables that are set while an execution runs reach its next steps") {
  const Stack stack;
  const auto path = stack.register_playbook(R"(apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: vars, path: e2e/vars}
workload: {file: ""}
workflow:
  - step: start
    tool:
      kind: python
      args: {file: "{{ workload.file }}"}
      code: |
        import os, time
        def main(file):
            while not os.path.exists(file):
                time.sleep(0.02)
            return {"user_id": 999, "name": "api_tester"}
    vars:
      user_id: "{{ result.user_id }}"
    next:
      - step: check
  - step: check
    tool:
      kind: python
      args: {user_id: "{{ vars.user_id }}", outside: "{{ vars.outside }}"}
      code: |
        def main(user_id, outside):
            assert user_id == 999, repr(user_id)
            return {"seen": outside}
)");
  const auto file = stack.folder().path() / "go";
  const auto id = stack.execute(path, {{"file", file.string()}});

  const auto set = Json::parse(noetlctl(stack, {"vars", "set", id, "outside=[1,2]", "--step", "the-test"}));
  CHECK(set.at("variables_set") == 1);
  run_program({.command = {"touch", file.string()}, .env = {}, .log_file = {}, .work_folder = {}, .user = {}}, 5s);
  const auto execution = stack.wait_for_execution(id);

  CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
  CHECK(execution.at("variables").at("check").dump().find("[1,2]") != std::string::npos);
  const auto variables = stack.api().get("/api/vars/" + id).json();
  CHECK(variables.at("variables").at("user_id").at("value") == 999);
  CHECK(variables.at("variables").at("user_id").at("source_step") == "start");
  CHECK(variables.at("variables").at("outside").at("source_step") == "the-test");
  CHECK(stack.api().get("/api/vars/" + id + "/outside").json().at("access_count") == 1);
  CHECK(stack.api().post("/api/vars/" + id, {{"variables", {{"late", 1}}}}).status == 409);
}
