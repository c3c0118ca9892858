#pragma once
// EgressRule: one entry of the settings egress-allow and egress-deny. A value; any thread.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/reach/address.hpp"

namespace noetl::reach {

struct EgressRule {
  // A group of addresses has a word: `all`; `private`; `loopback`; `own`, our machine's and our own parts' addresses.
  enum class Kind { network, host, all, private_networks, loopback, own };
  Kind kind = Kind::network;
  Network network;  // of Kind::network
  std::string host;  // of Kind::host, in lower case; "*.example.com" stands for every name below it
  int port = 0;  // 0: every port

  [[nodiscard]] bool names(std::string_view host) const;
};

// "10.0.0.0/8", "10.1.2.3:5432", "[fd00::/8]:443", "api.internal:8080", "*.internal", "loopback", several with commas or blanks.
// Throws std::invalid_argument that names `setting` and the entry.
[[nodiscard]] std::vector<EgressRule> egress_rules_of(const std::string& text, std::string_view setting);

// As names are compared: lower case, without the dot at the end.
[[nodiscard]] std::string comparable_host(std::string_view host);

}  // namespace noetl::reach
