#include "shared/reach/own_addresses.hpp"

#include <ifaddrs.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

namespace noetl::reach {
namespace {

constexpr std::chrono::seconds looked_up_for{30};

std::set<Address> interface_addresses() {
  std::set<Address> all;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return all;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (const auto address = address_of(one->ifa_addr)) all.insert(*address);
  }
  freeifaddrs(list);
  return all;
}

std::optional<Endpoint> endpoint_of(std::string_view url, int default_port) {
  const std::size_t scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
  Endpoint endpoint{.host = {}, .port = default_port};
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    endpoint.host = rest.substr(1, close - 1);
    if (close + 1 < rest.size()) port = rest.substr(close + 2);
  } else {
    const std::size_t colon = rest.rfind(':');
    endpoint.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) port = rest.substr(colon + 1);
  }
  if (!port.empty()) std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (endpoint.host.empty() || endpoint.host == "none") return std::nullopt;
  return endpoint;
}

}  // namespace

std::vector<Endpoint> endpoints_of(const std::string& urls, int default_port) {
  std::vector<Endpoint> all;
  for (std::size_t at = 0; at <= urls.size();) {
    const std::size_t comma = std::min(urls.find(',', at), urls.size());
    if (auto one = endpoint_of(std::string_view(urls).substr(at, comma - at), default_port))
      all.push_back(*std::move(one));
    at = comma + 1;
  }
  return all;
}

std::vector<Address> addresses_of(const std::string& host) {
  std::vector<Address> all;
  const addrinfo wanted{.ai_flags = AI_ADDRCONFIG,
                        .ai_family = AF_UNSPEC,
                        .ai_socktype = SOCK_STREAM,
                        .ai_protocol = 0,
                        .ai_addrlen = 0,
                        .ai_addr = nullptr,
                        .ai_canonname = nullptr,
                        .ai_next = nullptr};
  addrinfo* list = nullptr;
  // Without a network but loopback, AI_ADDRCONFIG hides ::1; the second try asks for all.
  if (getaddrinfo(host.c_str(), nullptr, &wanted, &list) != 0) {
    addrinfo any = wanted;
    any.ai_flags = 0;
    if (getaddrinfo(host.c_str(), nullptr, &any, &list) != 0) return all;
  }
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    if (const auto address = address_of(one->ai_addr)) all.push_back(*address);
  }
  freeaddrinfo(list);
  return all;
}

std::shared_ptr<const OwnAddresses::Found> OwnAddresses::found() const {
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (found_ != nullptr && found_->until > now) return found_;
  }
  auto fresh = std::make_shared<Found>();
  fresh->interfaces = interface_addresses();
  for (const Endpoint& endpoint : endpoints_) {
    for (const Address& address : addresses_of(endpoint.host)) fresh->endpoints.emplace(address, endpoint.port);
  }
  fresh->until = std::chrono::steady_clock::now() + looked_up_for;
  const std::lock_guard lock(mutex_);
  // A name that cannot be resolved just now goes on meaning what it meant.
  if (fresh->endpoints.empty() && found_ != nullptr) fresh->endpoints = found_->endpoints;
  found_ = fresh;
  return fresh;
}

bool OwnAddresses::is_interface(const Address& address) const { return found()->interfaces.contains(address); }

bool OwnAddresses::is_endpoint(const Address& address, int port) const {
  return found()->endpoints.contains({address, port});
}

}  // namespace noetl::reach
