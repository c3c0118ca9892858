// A step cannot read a credential that does not say `reveal`, by whatever tool it tries; once an operator allows it, it can.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <fstream>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string key(64, 'c');
const std::string secret = "S3cretPassw0rd!";

json run(const Stack& stack, const json& tool) {
  const json wanted{{"tool", tool}, {"max_attempts", 1}};
  const auto id = stack.enqueue(std::vector<json>{wanted}).at(0);
  json command;
  wait_until("end of command " + id, 20s, [&] {
    command = stack.api().get("/api/v2/commands/" + id).json();
    return command.at("status") == "done" || command.at("status") == "dead";
  });
  return command;
}

std::string everything(const Stack& stack) {
  std::string text;
  for (const char* table : {"event", "queue", "result", "dead_letter", "execution"}) {
    for (const auto& row : stack.sql(std::string("select t::text from noetl.") + table + " t")) text += row.at(0) + "\n";
  }
  return text;
}

void put(const Stack& stack, json credential) {
  const auto answer = stack.api().post("/api/credentials", credential);
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
}

json victim() {
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

std::string playbook(const std::string& name, const std::string& tool) {
  return "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: " + name + ", path: security/" + name +
         "}\nkeychain:\n  - {name: k, kind: credential, credential: victim, map: {p: db_password}}\n"
         "  - {name: again, kind: static, data: {token: '{{ keychain.k.p }}'}}\n"
         "workflow:\n  - step: start\n    tool:\n" +
         tool;
}

}  // namespace

TEST_CASE("no tool shows a step the bytes of a credential that does not allow it") {
  const TemporaryFolder folder("noetl-reveal");
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", key}, {"NOETL_TOOL_EXEC", "own=" + program(folder)}}});
  put(stack, victim());

  const json attempts[] = {
      {{"kind", "python"}, {"auth", "victim"}, {"code", "result = auth"}},
      {{"kind", "python"}, {"credential", {{"key", "victim"}, {"type", "postgres"}}}, {"code", "result = auth"}},
      {{"kind", "secrets"}, {"name", "victim"}, {"reveal", true}},
      {{"kind", "secrets"}, {"name", "victim"}, {"key", "db_password"}, {"reveal", true}},
      {{"kind", "own"}, {"auth", "victim"}},
      {{"kind", "http"}, {"url", "http://127.0.0.1:1/"}, {"auth", {{"credential", "victim"}, {"url", "http://127.0.0.1:1"}}}},
  };
  for (const auto& tool : attempts) {
    CAPTURE(tool.dump());
    const json command = run(stack, tool);
    CHECK(command.at("status") == "dead");
    CHECK_MESSAGE(command.dump().find("victim") != std::string::npos, command.dump(2));
    CHECK(command.dump().find(secret) == std::string::npos);
  }
  const json refused = run(stack, attempts[0]);
  CHECK(refused.at("error").at("kind") == "auth");
  CHECK(refused.at("error").dump().find("noetlctl credential allow victim --reveal") != std::string::npos);
  // Whether it is there is no secret.
  CHECK(run(stack, {{"kind", "secrets"}, {"name", "victim"}}).at("result").at("found") == true);
  CHECK(everything(stack).find(secret) == std::string::npos);
}

TEST_CASE("a keychain entry shows a step no more than the credential that it was made of") {
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", key}}});
  put(stack, victim());

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
    const auto path = stack.register_playbook(playbook(name, tool));
    const auto execution = stack.wait_for_execution(stack.execute(path, json::object()));
    CHECK_MESSAGE(execution.at("status") == "FAILED", execution.dump(2));
    CHECK_MESSAGE(execution.dump().find("credential allow victim --reveal") != std::string::npos, execution.dump(2));
  }
  const std::string reversed(secret.rbegin(), secret.rend());
  CHECK(everything(stack).find(reversed) == std::string::npos);
}

TEST_CASE("what an operator allows is shown in the list, and holds after the secret was changed") {
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", key}}});
  put(stack, victim());
  const json tool{{"kind", "python"}, {"auth", "victim"}, {"code", "result = len(auth['db_password'])"}};
  CHECK(stack.api().get("/api/credentials/victim").json().at("reveal") == false);
  CHECK(run(stack, tool).at("status") == "dead");

  const auto allowed = json::parse(run_program({.command = {NOETL_BIN_DIR "/noetlctl", "-o", "json", "--server-url",
                                                            stack.api().url(), "credential", "allow", "victim", "--reveal"},
                                                .env = {},
                                                .log_file = {},
                                                .work_folder = {},
                                                .user = {}},
                                               20s));
  CHECK(allowed.at("reveal") == true);
  json changed = victim();
  changed["data"]["db_password"] = "another-password";
  put(stack, changed);
  CHECK(stack.api().get("/api/credentials").json().at("items").at(0).at("reveal") == true);

  // A worker keeps what it has read for half a minute: another one has read nothing.
  stack.worker().send(SIGTERM);
  static_cast<void>(stack.worker().wait(20s));
  stack.start_worker();
  const json command = run(stack, tool);
  CHECK_MESSAGE(command.at("status") == "done", command.dump(2));
  CHECK(command.at("result") == 16);
}
