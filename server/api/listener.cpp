#include "server/api/listener.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "shared/base/error.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::api {
namespace {

constexpr int backlog = 1024;
constexpr std::size_t refused_max = 256;
constexpr std::chrono::milliseconds refused_time{500};
constexpr int pause_ms = 50;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

std::runtime_error cannot(const std::string& host, int port, const std::string& why) {
  return std::runtime_error("cannot listen on " + (host.empty() ? std::string("*") : host) + " port " +
                            std::to_string(port) + ": " + why);
}

Addresses look_up(const std::string& host, int port) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (failed != 0) throw cannot(host, port, gai_strerror(failed));
  return {found, &freeaddrinfo};
}

int port_of(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

const std::string& refusal() {
  static const std::string text = [] {
    const std::string body =
        wire::encode_problem(base::Error{.code = base::ErrorCode::saturated,
                                         .message = "every connection of the server is in use; try again",
                                         .field = {},
                                         .retry_after = std::chrono::milliseconds(1000),
                                         .details = {}});
    return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: "
           "1\r\nConnection: close\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }();
  return text;
}

}  // namespace

Listener::Listener() : stop_event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (stop_event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Listener::~Listener() {
  close_refused(true);
  if (socket_ >= 0) close(socket_);
  close(stop_event_);
}

int Listener::bind(const std::string& host, int port) {
  const Addresses addresses = look_up(host, port);
  std::string why = "no address";
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const int made = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) {
      why = std::strerror(errno);
      continue;
    }
    const int on = 1;
    const int off = 0;
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ai_family == AF_INET6) setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (::bind(made, address->ai_addr, address->ai_addrlen) == 0 && listen(made, backlog) == 0) {
      socket_ = made;
      return port_of(made);
    }
    why = std::strerror(errno);
    close(made);
  }
  throw cannot(host, port, why);
}

int Listener::accept() {
  for (;;) {
    if (is_stopping()) return -1;
    close_refused(false);
    pollfd waited[2] = {{.fd = socket_, .events = POLLIN, .revents = 0},
                        {.fd = stop_event_, .events = POLLIN, .revents = 0}};
    if (poll(waited, 2, refused_.empty() ? -1 : static_cast<int>(refused_time.count())) <= 0) continue;
    if ((waited[1].revents & POLLIN) != 0) return -1;
    const int accepted = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted >= 0) {
      const int on = 1;
      setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return accepted;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      telemetry::log_warn("api", "cannot accept a connection", {{"error", std::strerror(errno)}});
      poll(&waited[1], 1, pause_ms);  // the system is out of something: let connections end first
    }
  }
}

void Listener::refuse(int socket) {
  std::array<char, 4096> dropped{};
  while (recv(socket, dropped.data(), dropped.size(), MSG_DONTWAIT) > 0) {
  }
  static_cast<void>(send(socket, refusal().data(), refusal().size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  shutdown(socket, SHUT_WR);
  if (refused_.size() >= refused_max) {
    close(refused_.front().socket);
    refused_.pop_front();
  }
  refused_.push_back({.socket = socket, .until = std::chrono::steady_clock::now() + refused_time});
}

void Listener::close_refused(bool all) {
  const auto now = std::chrono::steady_clock::now();
  while (!refused_.empty() && (all || refused_.front().until <= now)) {
    std::array<char, 4096> dropped{};
    while (recv(refused_.front().socket, dropped.data(), dropped.size(), MSG_DONTWAIT) > 0) {
    }
    close(refused_.front().socket);
    refused_.pop_front();
  }
}

void Listener::stop() {
  const std::uint64_t one = 1;
  static_cast<void>(!write(stop_event_, &one, sizeof one));
}

bool Listener::is_stopping() const {
  pollfd waited{.fd = stop_event_, .events = POLLIN, .revents = 0};
  return poll(&waited, 1, 0) > 0;
}

}  // namespace noetl::api
