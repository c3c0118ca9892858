#pragma once
// Single steps of a stack and what they print. Any thread.
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"

namespace noetl::security {

using Json = nlohmann::json;

inline Json shell(const std::string& command) {
  return {{"tool", {{"kind", "shell"}, {"command", command}}}, {"max_attempts", 1}};
}
inline Json python(const std::string& code) {
  return {{"tool", {{"kind", "python"}, {"code", code}}}, {"max_attempts", 1}};
}

// The ended command of GET /api/v2/commands/{queue_id}.
inline Json run(const support::Stack& stack, const Json& command) {
  const std::string queue_id = stack.enqueue({command}).at(0);
  Json ended;
  support::wait_until("end of command " + queue_id, std::chrono::seconds(30), [&] {
    ended = stack.api().get("/api/v2/commands/" + queue_id).json();
    return ended.at("status") != "queued" && ended.at("status") != "running";
  });
  return ended;
}

inline std::string printed_by(const support::Stack& stack, const std::string& command) {
  return run(stack, shell(command)).at("result").at("stdout");
}

// Who the programs run as where it matters: somebody whom root's rights do not help. Ourselves where we are not root.
inline std::optional<support::User> step_user() {
  if (geteuid() != 0) return std::nullopt;
  return support::User{.name = "steps", .uid = 10001, .gid = 10001};
}

// A worker that step_user() runs, of all kinds of steps.
inline std::unique_ptr<support::Process> worker_of_step_user(const support::Stack& stack,
                                                             const std::map<std::string, std::string>& more = {}) {
  std::map<std::string, std::string> env{{"SERVER_API_URL", stack.api().url()},
                                         {"NATS_URL", "none"},
                                         {"NOETL_TOOLS", "all"},
                                         {"NOETL_WORKER_ID", "of-steps"},
                                         {"HOME", "/tmp"}};
  for (const auto& [name, value] : more) env[name] = value;
  auto worker = std::make_unique<support::Process>(
      support::ProcessSettings{.command = {std::string(NOETL_BIN_DIR) + "/noetl-worker"},
                               .env = env,
                               .log_file = stack.folder().path() / "of-steps.log",
                               .work_folder = "/",
                               .user = step_user()});
  support::wait_until("the worker's registration", std::chrono::seconds(20), [&] {
    return !worker->is_running() ||
           stack.sql_number("select count(*) from noetl.worker where worker_id = 'of-steps'") == 1;
  });
  if (!worker->is_running()) throw std::runtime_error("noetl-worker did not start: " + worker->log());
  return worker;
}

// A zombie has ended; it only waits for whoever inherited it.
inline bool is_alive(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  return std::getline(status, line) && line.at(line.rfind(')') + 2) != 'Z';
}

}  // namespace noetl::security
