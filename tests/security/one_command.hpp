#pragma once
// ended_command: a plain command of one attempt, run to its end by a stack's worker. One thread.
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/stack.hpp"

namespace noetl::support {

// As GET /api/v2/commands/{id} shows it.
inline nlohmann::json ended_command(const Stack& stack, const nlohmann::json& tool,
                                    std::chrono::milliseconds patience = std::chrono::seconds(60)) {
  const auto answer = stack.api().post("/api/v2/commands", {{"tool", tool}, {"max_attempts", 1}});
  if (answer.status / 100 != 2) throw std::runtime_error("enqueue: " + answer.body);
  const std::string id = answer.json().at("queue_id");
  nlohmann::json command;
  wait_until("end of command " + id, patience, [&] {
    command = stack.api().get("/api/v2/commands/" + id).json();
    return command.at("status") != "queued" && command.at("status") != "running";
  });
  return command;
}

// The error's message, or "" of a command that is done.
inline std::string complaint_of(const nlohmann::json& command) {
  if (command.at("status") == "done") return {};
  const auto found = command.find("error");
  return found == command.end() ? "(no error)" : found->dump();
}

}  // namespace noetl::support
