#pragma once
// What the tests of credentials share: a credential is put, a step is run with it, and all that is left of that is read. Main thread.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/stack.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noetl::support {

inline const std::string credential_test_key(64, 'c');

inline void put_credential(const Stack& stack, const nlohmann::json& credential) {
  const auto answer = stack.api().post("/api/credentials", credential);
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
}

// A plain command with that tool, once it has ended.
inline nlohmann::json run_tool(const Stack& stack, const nlohmann::json& tool) {
  const nlohmann::json wanted{{"tool", tool}, {"max_attempts", 1}};
  const auto id = stack.enqueue(std::vector<nlohmann::json>{wanted}).at(0);
  nlohmann::json command;
  wait_until("end of command " + id, std::chrono::seconds(20), [&] {
    command = stack.api().get("/api/v2/commands/" + id).json();
    return command.at("status") == "done" || command.at("status") == "dead";
  });
  return command;
}

// One step; `tool` and the entries of `keychain` are indented as they must stand there.
inline std::string one_step(const std::string& name, const std::string& keychain, const std::string& tool) {
  return "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: " + name + ", path: security/" + name + "}\n" +
         (keychain.empty() ? "" : "keychain:\n" + keychain) + "workflow:\n  - step: start\n    tool:\n" + tool;
}

inline nlohmann::json run_playbook(const Stack& stack, const std::string& yaml) {
  return stack.wait_for_execution(stack.execute(stack.register_playbook(yaml), nlohmann::json::object()));
}

// What Postgres and the logs hold of commands, events, results and variables.
inline std::string everything_stored(const Stack& stack) {
  std::string text;
  for (const char* table : {"event", "queue", "result", "dead_letter", "execution", "variable"}) {
    for (const auto& row : stack.sql(std::string("select t::text from noetl.") + table + " t"))
      text += row.at(0) + "\n";
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(stack.folder().path())) {
    if (entry.is_regular_file() && entry.path().extension() == ".log") text += read_text(entry.path());
  }
  return text;
}

}  // namespace noetl::support
