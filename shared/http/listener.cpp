#include "shared/http/listener.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace noetl::http {
namespace {

constexpr int backlog = 1024;

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
  const int failed = getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &wanted, &found);
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

Accepted accepted_from(int socket, const sockaddr_storage& address) {
  Accepted accepted{.socket = socket, .peer = {}, .is_loopback = false};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    accepted.is_loopback = (ntohl(v4.sin_addr.s_addr) >> 24U) == 127;
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
    accepted.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) || (is_mapped && v6.sin6_addr.s6_addr[12] == 127);
  }
  accepted.peer = text.data();
  return accepted;
}

}  // namespace

Listener::~Listener() { close(); }

void Listener::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

int Listener::bind(const std::string& host, int port) {
  const Addresses addresses = look_up(host, port);
  std::string why = "no address";
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const int made = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) {
      why = std::strerror(errno);
      continue;
    }
    const int on = 1;
    const int off = 0;
    // Not SO_REUSEPORT, which would let a second program have the same port in silence.
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ai_family == AF_INET6) setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (::bind(made, address->ai_addr, address->ai_addrlen) == 0 && listen(made, backlog) == 0) {
      socket_ = made;
      return port_of(made);
    }
    why = std::strerror(errno);
    ::close(made);
  }
  throw cannot(host, port, why);
}

Listener::Turn Listener::accept() const {
  for (;;) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const int socket = accept4(socket_, reinterpret_cast<sockaddr*>(&address), &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) {
      const int on = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return {.accepted = accepted_from(socket, address), .is_out_of_files = false};
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    const bool is_out = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return {.accepted = std::nullopt, .is_out_of_files = is_out};
  }
}

}  // namespace noetl::http
