#include "server/api/connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace noetl::api {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds idle_slice{200};  // how soon an idle connection makes room
constexpr std::size_t out_bytes_max = 64 * 1024;
constexpr std::chrono::milliseconds linger_max{2'000};
constexpr std::size_t linger_bytes_max = 32 * 1024 * 1024;

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

// Waits for `events` on one socket until `deadline`. A signal begins the wait anew.
bool wait_for(int socket, short events, Clock::time_point deadline) {
  for (;;) {
    pollfd waited{.fd = socket, .events = events, .revents = 0};
    const int ready = poll(&waited, 1, milliseconds_until(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Connection::Connection(int socket, int stop_event, const ConnectionLimits& limits)
    : socket_(socket), stop_event_(stop_event), limits_(limits) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    remote_port_ = ntohs(v4->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    remote_port_ = ntohs(v6->sin6_port);
  }
  remote_ip_ = text.data();
}

Connection::~Connection() { close(socket_); }

Connection::Arrival Connection::wait_a_little(Clock::time_point deadline) const {
  if (in_begin_ < in_end_) return Arrival::request;  // sent together with the one before
  const auto until = std::min(deadline, Clock::now() + idle_slice);
  pollfd waited[2] = {{.fd = socket_, .events = POLLIN, .revents = 0},
                      {.fd = stop_event_, .events = POLLIN, .revents = 0}};
  const int ready = poll(waited, 2, milliseconds_until(until));
  if (ready < 0) return errno == EINTR ? Arrival::nothing : Arrival::end;
  if (ready == 0) return Clock::now() >= deadline ? Arrival::end : Arrival::nothing;
  if ((waited[0].revents & POLLIN) != 0) {
    // Readable also when the peer has closed: then there is no request.
    char first = 0;
    return recv(socket_, &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0 ? Arrival::request : Arrival::end;
  }
  return Arrival::end;
}

bool Connection::is_peer_there() const {
  char first = 0;
  const ssize_t received = recv(socket_, &first, 1, MSG_PEEK | MSG_DONTWAIT);
  return received > 0 || (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

void Connection::begin_head() {
  phase_ = Phase::head;
  head_bytes_ = 0;
  deadline_ = Clock::now() + limits_.head_time;
}

void Connection::begin_body() {
  phase_ = Phase::body;
  deadline_ = Clock::now() + limits_.body_time;
}

ssize_t Connection::receive(char* to, std::size_t size) {
  for (;;) {
    const ssize_t received = recv(socket_, to, size, MSG_DONTWAIT);
    if (received >= 0) return received;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    if (!wait_for(socket_, POLLIN, std::min(deadline_, Clock::now() + limits_.read_timeout))) return -1;
    if (Clock::now() >= deadline_) return -1;
  }
}

ssize_t Connection::read(char* to, size_t size) {
  if (size == 0) return 0;
  if (phase_ == Phase::head && ++head_bytes_ > limits_.head_bytes_max) return -1;  // read byte by byte
  if (in_begin_ == in_end_) {
    if (!flush()) return -1;  // e.g. "100 Continue": the peer waits for it before it sends
    if (size >= in_.size()) return receive(to, size);
    const ssize_t received = receive(in_.data(), in_.size());
    if (received <= 0) return received;
    in_begin_ = 0;
    in_end_ = static_cast<std::size_t>(received);
  }
  const std::size_t taken = std::min(size, in_end_ - in_begin_);
  std::memcpy(to, in_.data() + in_begin_, taken);
  in_begin_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t Connection::write(const char* from, size_t size) {
  if (out_.size() + size <= out_bytes_max) {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  if (!flush() || !send_all(from, size)) return -1;
  return static_cast<ssize_t>(size);
}

bool Connection::flush() const {
  if (out_.empty()) return true;
  const bool sent = send_all(out_.data(), out_.size());
  out_.clear();
  return sent;
}

bool Connection::send_all(const char* from, std::size_t size) const {
  while (size > 0) {
    const ssize_t sent = send(socket_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      from += sent;
      size -= static_cast<std::size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    if (!wait_for(socket_, POLLOUT, Clock::now() + limits_.write_timeout)) return false;
  }
  return true;
}

void Connection::close_politely() {
  static_cast<void>(flush());
  shutdown(socket_, SHUT_WR);
  const auto deadline = Clock::now() + linger_max;
  std::size_t dropped = 0;
  while (dropped < linger_bytes_max && wait_for(socket_, POLLIN, deadline)) {
    const ssize_t received = recv(socket_, in_.data(), in_.size(), MSG_DONTWAIT);
    if (received <= 0) return;
    dropped += static_cast<std::size_t>(received);
  }
}

bool Connection::is_readable() const {
  return in_begin_ < in_end_ || wait_for(socket_, POLLIN, Clock::now() + limits_.read_timeout);
}

bool Connection::is_writable() const {
  return flush() && wait_for(socket_, POLLOUT, Clock::now() + limits_.write_timeout);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = remote_ip_;
  port = remote_port_;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace noetl::api
