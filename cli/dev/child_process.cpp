#include "cli/dev/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace noetl::dev {
namespace {

[[noreturn]] void fail_child(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// All that the child needs, laid out before the fork: after it, in a process with threads, only
// async-signal-safe calls are allowed.
struct Prepared {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const char* folder;
  int input_fd;
  int log_fd;
  int stop_signal;
  const Account* account;
  pid_t parent;
};

[[noreturn]] void become(const Prepared& prepared) {
  setpgid(0, 0);
  dup2(prepared.input_fd, STDIN_FILENO);
  dup2(prepared.log_fd, STDOUT_FILENO);
  dup2(prepared.log_fd, STDERR_FILENO);
  if (prepared.account != nullptr) {
    if (setgroups(0, nullptr) != 0 || setgid(prepared.account->gid) != 0 || setuid(prepared.account->uid) != 0)
      _exit(126);
  }
  // After the change of user, which clears it.
  prctl(PR_SET_PDEATHSIG, prepared.stop_signal);
  if (getppid() != prepared.parent) _exit(125);
  if (chdir(prepared.folder) != 0) _exit(124);
  execve(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  static constexpr std::string_view message = "cannot execute the program\n";
  static_cast<void>(!write(STDERR_FILENO, message.data(), message.size()));
  _exit(127);
}

int input_of(const std::string& text) {
  if (text.empty()) return open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
  const auto written = write(ends[1], text.data(), text.size());  // fits the pipe: at most 4 KiB
  close(ends[1]);
  if (written == static_cast<ssize_t>(text.size())) return ends[0];
  close(ends[0]);
  return -1;
}

}  // namespace

ChildProcess::ChildProcess(Launch launch) : launch_(std::move(launch)) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : launch_.environment) variables.push_back(name + "=" + value);
  const int input_fd = input_of(launch_.input);
  if (input_fd < 0) fail_child("stdin of " + launch_.name);
  const int log_fd = open(launch_.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) {
    close(input_fd);
    fail_child("log file " + launch_.log_file);
  }
  const Prepared prepared{.arguments = pointers(launch_.arguments),
                          .environment = pointers(variables),
                          .folder = launch_.folder.c_str(),
                          .input_fd = input_fd,
                          .log_fd = log_fd,
                          .stop_signal = launch_.stop_signal,
                          .account = launch_.account ? &*launch_.account : nullptr,
                          .parent = getpid()};
  pid_ = fork();
  if (pid_ == 0) become(prepared);
  close(input_fd);
  close(log_fd);
  if (pid_ < 0) fail_child("fork for " + launch_.name);
  // By number: glibc 2.36 declares pidfd_open without extern "C".
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) fail_child("pidfd_open for " + launch_.name);
}

ChildProcess::~ChildProcess() {
  if (!status_ && pid_ > 0) {
    kill(pid_, SIGKILL);
    static_cast<void>(wait(std::chrono::milliseconds{5000}));
  }
  if (pidfd_ >= 0) close(pidfd_);
}

bool ChildProcess::wait(std::chrono::milliseconds patience) {
  if (status_) return true;
  pollfd ended{.fd = pidfd_, .events = POLLIN, .revents = 0};
  int ready = 0;
  while ((ready = poll(&ended, 1, static_cast<int>(patience.count()))) < 0 && errno == EINTR) {
  }
  if (ready <= 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) status_ = status;
  return status_.has_value();
}

void ChildProcess::stop(std::chrono::milliseconds patience) {
  if (wait(std::chrono::milliseconds{0})) return;
  kill(pid_, launch_.stop_signal);
  if (wait(patience)) return;
  kill(pid_, SIGKILL);
  static_cast<void>(wait(std::chrono::milliseconds{5000}));
}

std::string ChildProcess::end_text() const {
  if (!status_) return "is running";
  if (WIFSIGNALED(*status_)) return "was killed by signal " + std::to_string(WTERMSIG(*status_));
  return "ended with exit code " + std::to_string(WEXITSTATUS(*status_));
}

}  // namespace noetl::dev
