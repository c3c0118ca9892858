#include "server/exposure.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

namespace noetl::server {
namespace {

bool is_loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(v4.sin_addr.s_addr) >> 24U) == 127;
  }
  return address.sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

}  // namespace

bool is_loopback_host(const std::string& host) {
  if (host.empty()) return false;  // everywhere
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  for (const addrinfo* one = addresses.get(); one != nullptr; one = one->ai_next) {
    if (!is_loopback(*one->ai_addr)) return false;
  }
  return true;
}

base::Result<void> check_exposure(const config::ServerSettings& settings) {
  const bool has_token = !settings.token.empty() || !settings.worker_token.empty();
  if (has_token || settings.is_insecure || is_loopback_host(settings.host)) return {};
  return base::failure(
      base::ErrorCode::forbidden,
      "host is '" + settings.host +
          "', which others can reach, and no token is set: whoever calls could run programs on the workers. "
          "Make a token and "
          "name its file:\n"
          "  (umask 077 && openssl rand -hex 32 > noetl.token)\n"
          "  export NOETL_TOKEN_FILE=$PWD/noetl.token   # for the server, its workers and noetlctl\n"
          "Or listen on 127.0.0.1 (NOETL_HOST). A laptop that trusts its network may say --insecure "
          "(NOETL_INSECURE=on).",
      "host");
}

}  // namespace noetl::server
