#pragma once
// Process: a child process of a test: its log goes to a file, it dies with the test (PDEATHSIG) and with
// the object (SIGKILL). Spawn from the main thread: PDEATHSIG watches the thread that forked. One thread.
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace noetl::support {

struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};
// Who runs Postgres: initdb refuses root. `postgres`, else `nobody`; ourselves when we are not root.
[[nodiscard]] User ordinary_user();

// The full path of a program in PATH or in Debian's Postgres folders. Throws with how to install it.
[[nodiscard]] std::filesystem::path find_program(const std::string& name);

struct ProcessSettings {
  std::vector<std::string> command;  // [0] is a path, or a name in PATH
  std::map<std::string, std::string> env;  // added to ours; NOETL_*, NATS_URL, SERVER_API_URL of ours are dropped
  std::filesystem::path log_file;  // stdout and stderr, appended; empty: /dev/null
  std::filesystem::path work_folder;  // empty: ours
  std::optional<User> user;  // dropped to before exec
  int death_signal = SIGKILL;
};

// How a process ended: its exit code, or 128 + the signal.
using ExitCode = int;

class Process {
 public:
  explicit Process(ProcessSettings settings);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool is_running();
  void send(int signal);  // SIGTERM, SIGKILL, SIGSTOP, SIGCONT …
  // Throws TimedOut when it has not ended by then.
  ExitCode wait(std::chrono::milliseconds patience);
  ExitCode kill();  // SIGKILL and wait

  [[nodiscard]] std::string log() const;
  [[nodiscard]] const std::filesystem::path& log_file() const { return settings_.log_file; }

 private:
  [[nodiscard]] bool has_ended();

  ProcessSettings settings_;
  pid_t pid_ = -1;
  std::optional<ExitCode> exit_code_;
};

// Runs to its end; throws with the log when the exit code is not 0.
std::string run_program(ProcessSettings settings, std::chrono::milliseconds patience);

}  // namespace noetl::support
