#pragma once
// What the tests of the tools share: calls made in one line, and a look at the processes left over.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "worker/tools/tool.hpp"

namespace noetl::tools {

using namespace std::chrono_literals;

inline ToolCall call_of(Json tool, Json input = Json::object(), std::chrono::milliseconds within = 30s) {
  ToolCall call;
  call.tool = std::move(tool);
  call.input = std::move(input);
  call.context = {{"execution_id", "7"}, {"step", "test_step"}, {"workload", {{"colour", "red"}}}};
  call.deadline = std::chrono::steady_clock::now() + within;
  return call;
}

inline ToolCall python(std::string code, Json input = Json::object(), std::chrono::milliseconds within = 30s) {
  return call_of({{"kind", "python"}, {"code", std::move(code)}}, std::move(input), within);
}

inline std::string error_kind(const ToolResult& result) { return result.error ? result.error->kind : "none"; }

inline bool is_alive(int pid) {
  // A zombie has ended; it only waits for whoever inherited it.
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(status, line)) return false;
  return line.at(line.rfind(')') + 2) != 'Z';
}

// Polls, with a bound: a killed process needs a moment until it is gone.
inline bool ends_soon(int pid) {
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (is_alive(pid)) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

inline int living_children_of_ours() {
  int count = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(thread.path() / "children");
    for (int pid = 0; children >> pid;) count += is_alive(pid) ? 1 : 0;
  }
  return count;
}

// The tests of Python are run in both of its modes.
inline bool is_python_reused() { return std::getenv("NOETL_TEST_PYTHON_REUSE") != nullptr; }

// Of the interpreter, which is the process of the call only when it is reused.
inline std::string interpreter_pid_code() {
  return is_python_reused() ? "import os\nresult = os.getpid()" : "import os\nresult = os.getppid()";
}

inline std::string python_path() {
  const char* chosen = std::getenv("NOETL_TEST_PYTHON");
  return chosen != nullptr ? chosen : std::filesystem::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
}

}  // namespace noetl::tools
