#include "worker/tools/programs/descriptors.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace noetl::tools {

namespace {

void set_nonblocking(int descriptor) {
  if (fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) != 0) throw_errno("fcntl O_NONBLOCK");
}

}  // namespace

void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) close(number_);
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

Fd::~Fd() {
  if (number_ >= 0) close(number_);
}

FdPair make_output_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
  FdPair pair{.ours = Fd(ends[0]), .theirs = Fd(ends[1])};
  set_nonblocking(pair.ours.get());
  return pair;
}

FdPair make_socket_pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_errno("socketpair");
  FdPair pair{.ours = Fd(ends[0]), .theirs = Fd(ends[1])};
  set_nonblocking(pair.ours.get());
  return pair;
}

Wake::Wake() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_.is_open()) throw_errno("eventfd");
}

void Wake::signal() const noexcept { [[maybe_unused]] const int result = eventfd_write(event_.get(), 1); }

void Wake::clear() const noexcept {
  eventfd_t count = 0;
  [[maybe_unused]] const int result = eventfd_read(event_.get(), &count);
}

}  // namespace noetl::tools
