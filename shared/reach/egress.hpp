#pragma once
// Egress: which addresses work that others wrote may be sent to from this process. Every connection that a step or a playbook
// causes asks here with the very address that is connected to, so that no second look-up can give another. Any thread.
#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/reach/egress_rule.hpp"
#include "shared/reach/own_addresses.hpp"

namespace noetl::reach {

struct EgressSettings {
  std::string allow;  // of the setting egress-allow: comes first
  std::string deny;  // of egress-deny: comes second, before what is refused anyway
  std::vector<Endpoint> own;  // our own parts: refused unless allowed
  std::vector<Endpoint> never;  // no rule opens these: the server's own API, where a call of its own would be trusted
};

class Egress {
 public:
  // Without rules: no address of this machine, of a link, of metadata, of our own parts. Throws std::invalid_argument.
  explicit Egress(const EgressSettings& settings = {});

  // A port that no rule opens on this machine. Called once, before the first connection.
  void close_port_here(int port) { closed_port_here_ = port; }

  // Nothing: it may be connected to. Otherwise why not, and what the operator can do.
  [[nodiscard]] std::optional<std::string> refusal(std::string_view host, const Address& address, int port) const;
  // The addresses of a host, each of which may be connected to. not_found: it has none; forbidden: one may not.
  [[nodiscard]] base::Result<std::vector<Address>> resolve(const std::string& host, int port) const;
  // For what a proxy connects to: by the name or the literal address alone, since the proxy resolves.
  [[nodiscard]] std::optional<std::string> refusal_by_name(const std::string& host, int port) const;

 private:
  [[nodiscard]] bool matches(const EgressRule& rule, std::string_view host, const Address& address, int port) const;
  [[nodiscard]] bool is_here(const Address& address) const;

  const std::vector<EgressRule> allow_, deny_;
  const OwnAddresses own_, never_;
  std::atomic<int> closed_port_here_{0};
};

}  // namespace noetl::reach
