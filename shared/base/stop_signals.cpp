#include "shared/base/stop_signals.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace noetl::base {
namespace {

// What a handler may touch: a counter and a file descriptor.
std::atomic<int> wake_fd{-1};
std::atomic<int> signals_seen{0};

void wake(int fd) {
  const std::uint64_t one = 1;
  static_cast<void>(!write(fd, &one, sizeof one));
}

extern "C" void on_stop_signal(int number) noexcept {
  const int kept_errno = errno;
  if (signals_seen.fetch_add(1) > 0) _exit(128 + number);
  wake(wake_fd.load());
  errno = kept_errno;
}

void set_handler(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals() {
  const int fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd for stop signals");
  wake_fd = fd;
  signals_seen = 0;
  set_handler(on_stop_signal);
  watch_ = std::jthread([this, fd] {
    std::uint64_t count = 0;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR) {
    }
    if (signals_seen.load() > 0) source_.request_stop();
  });
}

StopSignals::~StopSignals() {
  set_handler(SIG_DFL);
  const int fd = wake_fd.load();
  wake(fd);
  watch_.join();
  wake_fd = -1;
  close(fd);
}

}  // namespace noetl::base
