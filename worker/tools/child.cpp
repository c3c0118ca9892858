#include "worker/tools/child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

namespace noetl::tools {

namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Everything the new process needs, made before it exists: between vfork and exec nothing may allocate.
struct Launch {
  const char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* cwd = nullptr;
  const int* descriptors = nullptr;
  int descriptor_count = 0;
  rlim_t memory_bytes_max = 0;
  int error_descriptor = -1;
  pid_t parent = 0;
};

constexpr int free_descriptor_from = 100;  // above every number that a child is given

// The kernel's OOM killer is to take the playbook's code rather than the worker.
void offer_to_oom_killer() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = write(file, "500", 3);
  close(file);
}

bool place_descriptors(const Launch& launch) {
  std::array<int, 16> moved{};
  for (int i = 0; i < launch.descriptor_count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    moved[at] = fcntl(launch.descriptors[i], F_DUPFD_CLOEXEC, free_descriptor_from);
    if (moved[at] < 0) return false;
  }
  for (int i = 0; i < launch.descriptor_count; ++i) {
    if (dup2(moved[static_cast<std::size_t>(i)], i) < 0) return false;
  }
  // Libraries open sockets without close-on-exec; none of them is the child's business.
  const auto first = static_cast<unsigned>(launch.descriptor_count);
  if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    for (int i = launch.descriptor_count; i < 1024; ++i) fcntl(i, F_SETFD, FD_CLOEXEC);
  }
  return true;
}

void bound_resources(const Launch& launch) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (launch.memory_bytes_max == 0) return;
  // RLIMIT_DATA counts what a process may write to. RLIMIT_AS also counts address space that is only
  // reserved (64 MiB per thread by malloc, gigabytes by Go, Java and node) and stops programs that use little.
  const rlimit memory{launch.memory_bytes_max, launch.memory_bytes_max};
  setrlimit(RLIMIT_DATA, &memory);
}

[[noreturn]] void become(const Launch& launch) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launch.parent) _exit(127);  // the worker died before the line above took hold
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans of the code come back to it: it can see them
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  offer_to_oom_killer();
  const int error_descriptor = fcntl(launch.error_descriptor, F_DUPFD_CLOEXEC, free_descriptor_from);
  if (place_descriptors(launch) && (launch.cwd == nullptr || chdir(launch.cwd) == 0)) {
    bound_resources(launch);
    execvpe(launch.argv[0], const_cast<char* const*>(launch.argv), launch.environment);
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(error_descriptor, &error, sizeof error);
  _exit(127);
}

// A function of its own, so that no variable of the caller lives across vfork.
[[gnu::noinline]] pid_t launch_child(const Launch& launch) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // No handler of ours may run in the child while it shares our memory.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = vfork();
  if (pid == 0) become(launch);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return pid;
}

std::vector<const char*> pointers_of(const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

base::Result<std::unique_ptr<Child>> Child::start(const ChildSettings& settings) {
  const auto argv = pointers_of(settings.argv);
  const auto environment =
      settings.environment ? pointers_of(*settings.environment) : std::vector<const char*>{};
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
  const Fd failure_read(ends[0]);
  Fd failure_write(ends[1]);
  const Launch launch{
      .argv = argv.data(),
      .environment = settings.environment ? const_cast<char* const*>(environment.data()) : environ,
      .cwd = settings.cwd.empty() ? nullptr : settings.cwd.c_str(),
      .descriptors = settings.descriptors.data(),
      .descriptor_count = static_cast<int>(settings.descriptors.size()),
      .memory_bytes_max = settings.memory_bytes_max,
      .error_descriptor = failure_write.get(),
      .parent = getpid()};
  const pid_t pid = launch_child(launch);
  if (pid < 0) throw_errno("vfork");
  failure_write = Fd();
  int error = 0;
  ssize_t count = 0;
  do {
    count = read(failure_read.get(), &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  if (count == sizeof error) {
    waitpid(pid, nullptr, 0);
    return base::failure(base::ErrorCode::not_found,
                         "cannot start '" + settings.argv.front() + "'" +
                             (settings.cwd.empty() ? "" : " in '" + settings.cwd + "'") + ": " +
                             std::generic_category().message(error));
  }
  return std::unique_ptr<Child>(new Child(pid));  // NOLINT: the constructor is private
}

Child::Child(pid_t pid) : pid_(pid), pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {
  if (pidfd_.is_open()) fcntl(pidfd_.get(), F_SETFD, FD_CLOEXEC);
}

bool Child::has_ended() const noexcept {
  if (wait_status_) return true;
  siginfo_t found{};
  return waitid(P_PID, static_cast<id_t>(pid_), &found, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         found.si_pid == pid_;
}

void Child::signal_group(int signal) const noexcept {
  if (!wait_status_) kill(-pid_, signal);
}

int Child::end() noexcept {
  if (wait_status_) return *wait_status_;
  // Until it is waited for, its number cannot be given to another process: kill first, wait then.
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  wait_status_ = status;
  return status;
}

}  // namespace noetl::tools
