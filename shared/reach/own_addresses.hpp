#pragma once
// OwnAddresses: where our own parts are reached: the addresses of this machine's interfaces, and hosts that the settings name
// (server, NATS). Looked up anew after a while, since both change. Any thread; may wait for a name to be resolved.
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/reach/address.hpp"

namespace noetl::reach {

struct Endpoint {
  std::string host;
  int port = 0;
};

// Of "scheme://user@host:port/path", several with commas; what has no port gets the given one. What is no URL is left out.
[[nodiscard]] std::vector<Endpoint> endpoints_of(const std::string& urls, int default_port);

class OwnAddresses {
 public:
  explicit OwnAddresses(std::vector<Endpoint> endpoints) : endpoints_(std::move(endpoints)) {}

  [[nodiscard]] bool is_interface(const Address& address) const;
  [[nodiscard]] bool is_endpoint(const Address& address, int port) const;

 private:
  struct Found {
    std::set<Address> interfaces;
    std::set<std::pair<Address, int>> endpoints;
    std::chrono::steady_clock::time_point until;
  };
  [[nodiscard]] std::shared_ptr<const Found> found() const;

  const std::vector<Endpoint> endpoints_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Found> found_;  // shared with those who read it while it is replaced
};

// All addresses of a host, by the system's resolver; an empty list when it has none.
[[nodiscard]] std::vector<Address> addresses_of(const std::string& host);

}  // namespace noetl::reach
