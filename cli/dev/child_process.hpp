#pragma once
// ChildProcess: one program started and stopped by `noetlctl dev`. It gets a process group of its own, so
// that Ctrl-C reaches only the parent, which stops the parts in order; and a parent-death signal, so that
// nothing outlives a parent that was killed. Start it on the main thread: the death signal follows the
// thread. One thread.
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace noetl::dev {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

struct Launch {
  std::string name;  // what messages call it
  std::vector<std::string> arguments;  // the first is the program's full path
  std::map<std::string, std::string> environment;
  std::string log_file;  // stdout and stderr are appended
  std::string input = {};  // stdin, at most 4 KiB
  std::optional<Account> account = {};  // run as this user; only root may ask for it
  int stop_signal = SIGTERM;  // also sent when the parent dies
  std::string folder = "/";  // working directory
};

class ChildProcess {
 public:
  // Throws std::system_error when it cannot be started.
  explicit ChildProcess(Launch launch);
  ~ChildProcess();  // kills what still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] const std::string& name() const { return launch_.name; }
  [[nodiscard]] const std::string& log_file() const { return launch_.log_file; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Readable once the process has ended: for poll().
  [[nodiscard]] int pidfd() const { return pidfd_; }
  // Waits for the end at most so long. True when it has ended.
  bool wait(std::chrono::milliseconds patience);
  // Asks to end, waits, then kills.
  void stop(std::chrono::milliseconds patience);
  [[nodiscard]] bool has_succeeded() const { return status_ && *status_ == 0; }
  // "ended with exit code 1", "was killed by signal 9", "is running".
  [[nodiscard]] std::string end_text() const;

 private:
  Launch launch_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> status_;
};

}  // namespace noetl::dev
