#pragma once
// CredentialPolicy: what an operator lets be done with a credential: whether code of a step may see its bytes, and which hosts
// they may be sent to. It is stored beside the secret, not in it. Values and free functions; any thread.
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::secrets {

struct CredentialPolicy {
  std::string name;  // of the credential, or of the keychain entry that says it
  bool may_reveal = false;
  std::vector<std::string> hosts;  // patterns; none: it goes nowhere

  bool operator==(const CredentialPolicy&) const = default;
};
// Of a value that came from several credentials: each of them must agree. None: a value that a playbook wrote itself.
using CredentialPolicies = std::vector<CredentialPolicy>;

struct Destination {
  std::string host;  // without brackets
  int port = 0;  // 0: not known, which fits patterns without a port only
};

inline constexpr std::size_t host_patterns_max = 64;
inline constexpr std::size_t host_pattern_bytes_max = 300;

// "api.example.com", "*.example.com" (what is below it, not itself), "*", each with ":port" or without; "[::1]:80"; "/run/postgresql".
[[nodiscard]] bool is_host_pattern(std::string_view text);
[[nodiscard]] bool matches(std::string_view pattern, const Destination& destination);

// forbidden: names the first credential that may not be sent there, and how an operator allows it.
[[nodiscard]] base::Result<void> check_destination(const CredentialPolicies& policies, const Destination& destination);
// forbidden: the same of code that would see the bytes. `who`: "tool python".
[[nodiscard]] base::Result<void> check_reveal(const CredentialPolicies& policies, std::string_view who);

// scheme://[user[:password]@]host[:port][/…]; the port is the scheme's own when it is http, https, nats or postgresql.
[[nodiscard]] std::optional<Destination> destination_of_url(std::string_view url);
// "host:port" as a pattern, in brackets where it must be.
[[nodiscard]] std::string pattern_of(const Destination& destination);

// [{"name","reveal","hosts"}, …]. What is not of that shape becomes a policy that allows nothing.
[[nodiscard]] nlohmann::json to_json(const CredentialPolicies& policies);
[[nodiscard]] CredentialPolicies policies_from(const nlohmann::json& json, const std::string& name);

}  // namespace noetl::secrets
