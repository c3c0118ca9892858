#include "worker/tools/programs/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "worker/tools/programs/supervise.hpp"

namespace noetl::tools {

namespace {

constexpr int end_patience_ms = 30'000;  // for a tree of processes that breeds while it is killed

// By number: fork() would run handlers, of the allocator for one, that only matter to who allocates afterwards.
pid_t fork_supervisor(const Launch& launch) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // No handler of ours may run in it, and no signal of a terminal is for it.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto pid =
      static_cast<pid_t>(syscall(SYS_clone, static_cast<long>(SIGCHLD), nullptr, nullptr, nullptr, nullptr));
  if (pid == 0) supervise(launch);
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
  const auto environment = pointers_of(settings.environment);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
  const Fd failure_read(ends[0]);
  Fd failure_write(ends[1]);
  FdPair control = make_socket_pair();
  const Launch launch{.argv = argv.data(),
                      .environment = const_cast<char* const*>(environment.data()),
                      .cwd = settings.cwd.empty() ? nullptr : settings.cwd.c_str(),
                      .descriptors = settings.descriptors.data(),
                      .descriptor_count = static_cast<int>(settings.descriptors.size()),
                      .limits = settings.limits,
                      .error_descriptor = failure_write.get(),
                      .control_descriptor = control.theirs.get()};
  const pid_t pid = fork_supervisor(launch);
  if (pid < 0) throw_errno("fork");
  failure_write = Fd();
  control.theirs = Fd();
  std::unique_ptr<Child> child(new Child(pid, std::move(control.ours)));  // NOLINT: the constructor is private
  int error = 0;
  ssize_t count = 0;
  do {
    count = read(failure_read.get(), &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  if (count == sizeof error) {
    return base::failure(base::ErrorCode::not_found, "cannot start '" + settings.argv.front() + "'" +
                                                         (settings.cwd.empty() ? "" : " in '" + settings.cwd + "'") +
                                                         ": " + std::generic_category().message(error));
  }
  return child;
}

bool Child::has_ended() const noexcept {
  if (wait_status_) return true;
  int status = 0;
  const ssize_t count = recv(control_.get(), &status, sizeof status, MSG_PEEK | MSG_DONTWAIT);
  return count >= 0 || (errno != EAGAIN && errno != EINTR);
}

void Child::signal_group(int signal) const noexcept {
  const auto byte = static_cast<char>(signal);
  if (!wait_status_) (void)send(control_.get(), &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int Child::end() noexcept {
  if (wait_status_) return *wait_status_;
  signal_group(SIGKILL);
  int status = 0;
  pollfd said{.fd = control_.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  while ((ready = poll(&said, 1, end_patience_ms)) < 0 && errno == EINTR) {
  }
  const bool is_told = recv(control_.get(), &status, sizeof status, MSG_DONTWAIT) == sizeof status;
  if (ready == 0) kill(pid_, SIGKILL);
  int own_status = 0;
  while (waitpid(pid_, &own_status, 0) < 0 && errno == EINTR) {
  }
  wait_status_ = is_told ? status : own_status;
  return *wait_status_;
}

}  // namespace noetl::tools
