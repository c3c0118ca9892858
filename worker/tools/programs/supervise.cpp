#include "worker/tools/programs/supervise.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace noetl::tools {

namespace {

constexpr int free_descriptor_from = 100;  // above every number that a program is given

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
  // Libraries open sockets without close-on-exec; none of them is the program's business.
  const auto first = static_cast<unsigned>(launch.descriptor_count);
  if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    for (int i = launch.descriptor_count; i < 1024; ++i) fcntl(i, F_SETFD, FD_CLOEXEC);
  }
  return true;
}

void bound_resources(const ChildLimits& limits) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const auto bound = [](__rlimit_resource resource, rlim_t most) {
    if (most == 0) return;
    const rlimit limit{most, most};
    setrlimit(resource, &limit);
  };
  // RLIMIT_DATA counts what a process may write to. RLIMIT_AS also counts address space that is only
  // reserved (64 MiB per thread by malloc, gigabytes by Go, Java and node) and stops programs that use little.
  bound(RLIMIT_DATA, limits.memory_bytes_max);
  bound(RLIMIT_FSIZE, limits.file_bytes_max);
  if (const auto seconds = static_cast<rlim_t>(limits.cpu_time_max.count()); seconds > 0) {
    const rlimit limit{seconds, seconds + 1};  // SIGXCPU, which says why, a second before SIGKILL
    setrlimit(RLIMIT_CPU, &limit);
  }
  bound(RLIMIT_NPROC, limits.processes_max);
}

[[noreturn]] void become(const Launch& launch, pid_t supervisor) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor) _exit(127);  // it died before the line above took hold
  // An interpreter looks whether its code left somebody behind; of any other program the supervisor asks.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  const int error_descriptor = fcntl(launch.error_descriptor, F_DUPFD_CLOEXEC, free_descriptor_from);
  if (place_descriptors(launch) && (launch.cwd == nullptr || chdir(launch.cwd) == 0)) {
    bound_resources(launch.limits);
    execvpe(launch.argv[0], const_cast<char* const*>(launch.argv), launch.environment);
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(error_descriptor, &error, sizeof error);
  _exit(127);
}

// A function of its own, so that no variable of the caller lives across vfork.
[[gnu::noinline]] pid_t start_program(const Launch& launch) {
  const pid_t self = getpid();
  const pid_t pid = vfork();
  if (pid == 0) become(launch, self);
  return pid;
}

// The kernel's OOM killer is to take the playbook's code rather than the worker. Once it runs: before exec it has our memory, and
// with it our /proc files, which belong to root (shared/process/privacy.hpp).
void offer_to_oom_killer(pid_t pid) {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/oom_score_adj", static_cast<int>(pid));
  const int file = open(path.data(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = write(file, "500", 3);
  close(file);
}

// SIGKILL to each child of ours, as /proc/thread-self/children lists them: "12 34 ".
void kill_children() {
  const int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  std::array<char, 4096> text{};
  pid_t pid = 0;
  for (ssize_t count = 0; (count = read(file, text.data(), text.size())) > 0;) {
    for (ssize_t i = 0; i < count; ++i) {
      const char c = text[static_cast<std::size_t>(i)];
      if (c >= '0' && c <= '9') {
        pid = pid * 10 + (c - '0');
      } else {
        if (pid > 1) kill(pid, SIGKILL);
        pid = 0;
      }
    }
  }
  if (pid > 1) kill(pid, SIGKILL);
  close(file);
}

// Until no descendant is left: the children of whoever we kill come to us.
void end_descendants() {
  while (true) {
    const pid_t ended = waitpid(-1, nullptr, WNOHANG);
    if (ended > 0) continue;
    if (ended < 0 && errno != EINTR) return;  // ECHILD
    kill_children();
    (void)waitpid(-1, nullptr, 0);
  }
}

// Returns the program's wait status once it has ended, by itself or because the worker said so.
int watch(pid_t program, int control) {
  const int ended = static_cast<int>(syscall(SYS_pidfd_open, program, 0));
  const int patience = ended < 0 ? 20 : -1;  // without a descriptor that tells of the end, look for it often
  int status = 0;
  while (waitpid(program, &status, WNOHANG) == 0) {
    std::array<pollfd, 2> watched{
        {{.fd = control, .events = POLLIN, .revents = 0}, {.fd = ended, .events = POLLIN, .revents = 0}}};
    (void)poll(watched.data(), watched.size(), patience);
    if (watched[0].revents == 0) continue;
    char signal = 0;
    const ssize_t count = read(control, &signal, 1);
    if (count < 0) continue;
    const bool is_over = count == 0 || signal == SIGKILL;  // or the worker is gone
    kill(-program, is_over ? SIGKILL : signal);  // not yet waited for, so its number is nobody else's
    if (!is_over) continue;
    kill(program, SIGKILL);
    while (waitpid(program, &status, 0) < 0 && errno == EINTR) {
    }
    break;
  }
  return status;
}

}  // namespace

void supervise(const Launch& launch) {
  prctl(PR_SET_NAME, "noetl-step");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t program = start_program(launch);
  const int error = errno;
  if (program < 0) {
    [[maybe_unused]] const ssize_t written = write(launch.error_descriptor, &error, sizeof error);
    _exit(127);
  }
  offer_to_oom_killer(program);
  // What the worker has open is not ours to keep open.
  dup2(launch.control_descriptor, 3);
  if (syscall(SYS_close_range, 4U, ~0U, 0U) != 0) {
    for (int i = 4; i < 1024; ++i) close(i);
  }
  for (int i = 0; i < 3; ++i) close(i);
  const int status = watch(program, 3);
  end_descendants();
  send(3, &status, sizeof status, MSG_NOSIGNAL);
  _exit(0);
}

}  // namespace noetl::tools
