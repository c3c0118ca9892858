#include "shared/reach/egress_rule.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "shared/base/text/ascii.hpp"

namespace noetl::reach {
namespace {

bool is_host_pattern(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

std::optional<int> port_of(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_port = error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
  return is_port ? std::optional(port) : std::nullopt;
}

std::optional<EgressRule> rule_of(std::string_view text) {
  EgressRule rule;
  std::string_view place = text;
  const std::size_t colon = text.rfind(':');
  const bool is_bracketed = text.starts_with('[');
  const bool has_one_colon = colon != std::string_view::npos && text.find(':') == colon;
  if ((is_bracketed && colon != std::string_view::npos && colon > 0 && text[colon - 1] == ']') || has_one_colon) {
    const auto port = port_of(text.substr(colon + 1));
    if (!port) return std::nullopt;
    rule.port = *port;
    place = text.substr(0, colon);
  }
  if (place.starts_with('[')) {
    if (!place.ends_with(']')) return std::nullopt;
    place = place.substr(1, place.size() - 2);
  }
  if (const auto network = parse_network(place)) {
    rule.network = *network;
    return rule;
  }
  rule.host = comparable_host(place);
  using enum EgressRule::Kind;
  rule.kind = rule.host == "all"        ? all
              : rule.host == "private"  ? private_networks
              : rule.host == "loopback" ? loopback
              : rule.host == "own"      ? own
                                        : host;
  // 1.2.3 and 0x7f.1 are numbers to a resolver: a rule must not look like one.
  const std::string last = rule.host.substr(rule.host.rfind('.') + 1);
  const bool looks_numeric = last.starts_with("0x") || last.find_first_not_of("0123456789") == std::string::npos;
  if (looks_numeric || !is_host_pattern(rule.host)) return std::nullopt;
  return rule;
}

}  // namespace

std::string comparable_host(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return base::lower_case(host);
}

bool EgressRule::names(std::string_view other) const {
  if (kind != Kind::host) return false;
  const std::string comparable = comparable_host(other);
  if (!host.starts_with("*.")) return comparable == host;
  const std::string_view end = std::string_view(host).substr(1);
  return comparable.size() > end.size() && comparable.ends_with(end);
}

std::vector<EgressRule> egress_rules_of(const std::string& text, std::string_view setting) {
  std::vector<EgressRule> rules;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(", \t\n", at);
    if (begin == std::string::npos) break;
    const std::size_t end = std::min(text.find_first_of(", \t\n", begin), text.size());
    const std::string entry = text.substr(begin, end - begin);
    auto rule = rule_of(entry);
    if (!rule) {
      throw std::invalid_argument("setting " + std::string(setting) + " has '" + entry +
                                  "'; an entry is an address, a range like 10.0.0.0/8, a host, *.domain, or one of "
                                  "all, private, loopback, own; each may end with :port");
    }
    rules.push_back(*std::move(rule));
    at = end;
  }
  return rules;
}

}  // namespace noetl::reach
