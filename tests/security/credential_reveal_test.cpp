// A step cannot read a credential that does not say `reveal`, by whatever tool it tries; once an operator allows it, it can.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <fstream>

#include "test_paths.hpp"
#include "tests/security/credential_steps.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const std::string secret = "S3cretPassw0rd!";

Json victim() {
  return {{"name", "victim"},
          {"type", "postgres"},
          {"data", {{"db_host", "db.internal"}, {"db_user", "app"}, {"db_password", secret}}}};
}

// A program that a worker offers as a tool of kind `own`.
std::string program(const TemporaryFolder& folder) {
  const std::string path = (folder.path() / "own").string();
  std::ofstream(path) << "#!/bin/sh\nprintf '{\"result\": '; cat; printf '}'\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

constexpr const char* keychain =
    "  - {name: k, kind: credential, credential: victim, map: {p: db_password}}\n"
    "  - {name: again, kind: static, data: {token: '{{ keychain.k.p }}'}}\n";

}  // namespace

TEST_CASE("no tool shows a step the bytes of a credential that does not allow it") {
  const TemporaryFolder folder("noetl-reveal");
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}, {"NOETL_TOOL_EXEC", "own=" + program(folder)}}});
  put_credential(stack, victim());

  const Json attempts[] = {
      {{"kind", "python"}, {"auth", "victim"}, {"code", "result = auth"}},
      {{"kind", "python"}, {"credential", {{"key", "victim"}, {"type", "postgres"}}}, {"code", "result = auth"}},
      {{"kind", "secrets"}, {"name", "victim"}, {"reveal", true}},
      {{"kind", "secrets"}, {"name", "victim"}, {"key", "db_password"}, {"reveal", true}},
      {{"kind", "own"}, {"auth", "victim"}},
      {{"kind", "http"},
       {"url", "http://127.0.0.1:1/"},
       {"auth", {{"credential", "victim"}, {"url", "http://127.0.0.1:1"}}}},
  };
  for (const auto& tool : attempts) {
    CAPTURE(tool.dump());
    const Json command = run_tool(stack, tool);
    CHECK(command.at("status") == "dead");
    CHECK_MESSAGE(command.dump().find("victim") != std::string::npos, command.dump(2));
    CHECK(command.dump().find(secret) == std::string::npos);
  }
  const Json refused = run_tool(stack, attempts[0]);
  CHECK(refused.at("error").at("kind") == "auth");
  CHECK(refused.at("error").dump().find("noetlctl credential allow victim --reveal") != std::string::npos);
  // Whether it is there is no secret.
  CHECK(run_tool(stack, {{"kind", "secrets"}, {"name", "victim"}}).at("result").at("found") == true);
  CHECK(everything_stored(stack).find(secret) == std::string::npos);
}

TEST_CASE("a keychain entry shows a step no more than the credential that it was made of") {
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(stack, victim());

  const std::pair<const char*, const char*> attempts[] = {
      {"python", "      {kind: python, input: {p: '{{ keychain.k.p }}'}, code: 'result = p[::-1]'}\n"},
      {"python-again", "      {kind: python, input: {p: '{{ keychain.again.token }}'}, code: 'result = p[::-1]'}\n"},
      {"shell", "      {kind: shell, command: \"printf %s '{{ keychain.k.p }}' | rev\"}\n"},
      {"shell-env", "      {kind: shell, command: 'printf %s \"$P\" | rev', env: {P: '{{ keychain.k.p }}'}}\n"},
      {"duckdb", "      {kind: duckdb, query: \"select reverse('{{ keychain.k.p }}')\"}\n"},
      {"postgres", "      {kind: postgres, query: \"select reverse('{{ keychain.k.p }}')\"}\n"},
      {"noop", "      {kind: noop, input: {p: '{{ keychain.k.p | reverse }}'}}\n"},
      {"artifact", "      {kind: artifact, action: put, data: '{{ keychain.k.p | reverse }}'}\n"},
  };
  for (const auto& [name, tool] : attempts) {
    CAPTURE(name);
    const auto execution = run_playbook(stack, one_step(name, keychain, tool));
    CHECK_MESSAGE(execution.at("status") == "FAILED", execution.dump(2));
    CHECK_MESSAGE(execution.dump().find("credential allow victim --reveal") != std::string::npos, execution.dump(2));
  }
  const std::string reversed(secret.rbegin(), secret.rend());
  CHECK(everything_stored(stack).find(reversed) == std::string::npos);
}

TEST_CASE("what an operator allows is shown in the list, and holds after the secret was changed") {
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(stack, victim());
  const Json tool{{"kind", "python"}, {"auth", "victim"}, {"code", "result = len(auth['db_password'])"}};
  CHECK(stack.api().get("/api/credentials/victim").json().at("reveal") == false);
  CHECK(run_tool(stack, tool).at("status") == "dead");

  const auto allowed =
      Json::parse(run_program({.command = {NOETL_BIN_DIR "/noetlctl", "-o", "json", "--server-url", stack.api().url(),
                                           "credential", "allow", "victim", "--reveal"},
                               .env = {},
                               .log_file = {},
                               .work_folder = {},
                               .user = {}},
                              20s));
  CHECK(allowed.at("reveal") == true);
  Json changed = victim();
  changed["data"]["db_password"] = "another-password";
  put_credential(stack, changed);
  CHECK(stack.api().get("/api/credentials").json().at("items").at(0).at("reveal") == true);

  // A worker keeps what it has read for half a minute: another one has read nothing.
  stack.worker().send(SIGTERM);
  static_cast<void>(stack.worker().wait(20s));
  stack.start_worker();
  const Json command = run_tool(stack, tool);
  CHECK_MESSAGE(command.at("status") == "done", command.dump(2));
  CHECK(command.at("result") == 16);
}
