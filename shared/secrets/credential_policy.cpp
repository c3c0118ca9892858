#include "shared/secrets/credential_policy.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "shared/base/text/ascii.hpp"

namespace noetl::secrets {

namespace {

using Json = nlohmann::json;

std::optional<int> port_of(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  return is_whole && port >= 1 && port <= 65535 ? std::optional(port) : std::nullopt;
}

struct Parts {
  std::string host;  // lower case, without brackets and without the dot at the end
  std::optional<int> port;
};

std::string plain_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.ends_with('.') && host != "*.") host.remove_suffix(1);
  return base::lower_case(host);
}

// "host", "host:port", "[v6]:port", and "v6" without brackets, which has no port.
std::optional<Parts> parts_of(std::string_view text) {
  if (text.starts_with('/')) return Parts{.host = std::string(text), .port = {}};
  std::string_view port_text;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    has_port = !rest.empty();
    if (has_port) port_text = rest.substr(1);
    text = text.substr(0, close + 1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const std::size_t colon = text.find(':');
    has_port = true;
    port_text = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  const auto port = port_of(port_text);
  if (has_port && !port) return std::nullopt;
  return Parts{.host = plain_host(text), .port = has_port ? port : std::nullopt};
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == ':' || c == '%';
}

tl::unexpected<base::Error> refusal(const CredentialPolicy& policy, const std::string& what,
                                    const std::string& option) {
  return base::failure(base::ErrorCode::forbidden,
                       "credential '" + policy.name + "' " + what + "; an operator allows it with: noetlctl " +
                           "credential allow " + policy.name + " " + option,
                       "auth");
}

}  // namespace

bool is_host_pattern(std::string_view text) {
  if (text.empty() || text.size() > host_pattern_bytes_max) return false;
  const auto parts = parts_of(text);
  if (!parts) return false;
  std::string_view host = parts->host;
  if (host.starts_with('/')) return host.find_first_of("\"'\\ \t\r\n") == std::string_view::npos;
  if (host == "*") return true;
  if (host.starts_with("*.")) host.remove_prefix(2);
  return !host.empty() && host.front() != '.' && host.back() != '.' &&
         std::all_of(host.begin(), host.end(), is_host_char);
}

bool matches(std::string_view pattern, const Destination& destination) {
  const auto parts = parts_of(pattern);
  if (!parts) return false;
  if (parts->port && *parts->port != destination.port) return false;
  if (parts->host == "*") return true;
  const std::string host = destination.host.starts_with('/') ? destination.host : plain_host(destination.host);
  if (!parts->host.starts_with("*.")) return !host.empty() && host == parts->host;
  const std::string_view below = std::string_view(parts->host).substr(1);  // ".example.com"
  return host.size() > below.size() && host.ends_with(below);
}

std::string pattern_of(const Destination& destination) {
  const bool is_v6 = destination.host.find(':') != std::string::npos;
  std::string text = is_v6 ? "[" + destination.host + "]" : destination.host;
  if (destination.port != 0 && !destination.host.starts_with('/')) text += ":" + std::to_string(destination.port);
  return text;
}

base::Result<void> check_destination(const CredentialPolicies& policies, const Destination& destination) {
  for (const CredentialPolicy& policy : policies) {
    const bool is_allowed = std::any_of(policy.hosts.begin(), policy.hosts.end(),
                                        [&](const auto& pattern) { return matches(pattern, destination); });
    if (is_allowed) continue;
    std::string known;
    for (const auto& pattern : policy.hosts) known += (known.empty() ? "" : ", ") + pattern;
    const std::string where = pattern_of(destination);
    return refusal(policy,
                   "may not be sent to " + where +
                       (known.empty() ? ": no host is named that it may go to" : ": its hosts are " + known),
                   "--host " + (destination.host.empty() ? std::string("HOST") : where));
  }
  return {};
}

base::Result<void> check_reveal(const CredentialPolicies& policies, std::string_view who) {
  for (const CredentialPolicy& policy : policies) {
    if (policy.may_reveal) continue;
    return refusal(policy, "does not let " + std::string(who) + " see its bytes", "--reveal");
  }
  return {};
}

std::optional<Destination> destination_of_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string scheme = base::lower_case(url.substr(0, colon));
  std::string_view rest = url.substr(colon + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) rest = rest.substr(at + 1);
  const auto parts = parts_of(rest);
  if (!parts || parts->host.empty()) return std::nullopt;
  const int usual = scheme == "http"                                 ? 80
                    : scheme == "https"                              ? 443
                    : scheme == "nats" || scheme == "tls"            ? 4222
                    : scheme == "postgresql" || scheme == "postgres" ? 5432
                                                                     : 0;
  return Destination{.host = parts->host, .port = parts->port.value_or(usual)};
}

Json to_json(const CredentialPolicies& policies) {
  Json list = Json::array();
  for (const auto& policy : policies)
    list.push_back({{"name", policy.name}, {"reveal", policy.may_reveal}, {"hosts", policy.hosts}});
  return list;
}

CredentialPolicies policies_from(const Json& json, const std::string& name) {
  const CredentialPolicies closed{{.name = name, .may_reveal = false, .hosts = {}}};
  if (!json.is_array()) return closed;
  CredentialPolicies policies;
  for (const Json& one : json) {
    if (!one.is_object()) return closed;
    CredentialPolicy& policy = policies.emplace_back();
    policy.name = one.contains("name") && one["name"].is_string() ? one["name"].get<std::string>() : name;
    policy.may_reveal = one.contains("reveal") && one["reveal"] == true;
    if (!one.contains("hosts") || !one["hosts"].is_array()) continue;
    for (const Json& host : one["hosts"]) {
      if (host.is_string()) policy.hosts.push_back(host);
    }
  }
  return policies;
}

}  // namespace noetl::secrets
