#include "shared/reach/egress.hpp"

#include <algorithm>

namespace noetl::reach {
namespace {

std::string shown(std::string_view host, const Address& address, int port) {
  std::string text(host);
  if (text != address.text()) text += (text.empty() ? "" : " is ") + address.text();
  return text + ", port " + std::to_string(port);
}

std::string how_to_allow(const Address& address, int port) {
  const std::string text = address.is_v4() ? address.text() : "[" + address.text() + "]";
  return "; where that is wanted, the setting egress-allow must have it: " + text + ":" + std::to_string(port);
}

std::string_view what_is(Place place) {
  switch (place) {
    case Place::this_machine: return "an address of this machine";
    case Place::link: return "an address of the local link";
    case Place::metadata: return "the metadata service of a cloud";
    case Place::unspecified: return "the unspecified address, which is this machine";
    case Place::multicast: return "a multicast or reserved address";
    case Place::usual: break;
  }
  return "a usual address";
}

}  // namespace

Egress::Egress(const EgressSettings& settings)
    : allow_(egress_rules_of(settings.allow, "egress-allow")),
      deny_(egress_rules_of(settings.deny, "egress-deny")),
      own_(settings.own),
      never_(settings.never) {}

bool Egress::is_here(const Address& address) const {
  const Place place = place_of(address);
  if (place == Place::this_machine || place == Place::unspecified || own_.is_interface(address)) return true;
  const auto carried = carried_address(address);
  return carried && own_.is_interface(*carried);
}

bool Egress::matches(const EgressRule& rule, std::string_view host, const Address& address, int port) const {
  using Kind = EgressRule::Kind;
  if (rule.port != 0 && rule.port != port) return false;
  switch (rule.kind) {
    case Kind::network: return rule.network.contains(address);
    case Kind::host: return rule.names(host);
    case Kind::all: return true;
    case Kind::private_networks: return is_private(address);
    case Kind::loopback: return place_of(address) == Place::this_machine;
    case Kind::own: return is_here(address) || own_.is_endpoint(address, port);
  }
  return false;
}

std::optional<std::string> Egress::refusal(std::string_view host, const Address& address, int port) const {
  if ((port == closed_port_here_ && is_here(address)) || never_.is_endpoint(address, port))
    return shown(host, address, port) + ", is the server's own API, which no playbook may call from the server";
  const auto hits = [&](const EgressRule& rule) { return matches(rule, host, address, port); };
  if (std::any_of(allow_.begin(), allow_.end(), hits)) return std::nullopt;
  if (std::any_of(deny_.begin(), deny_.end(), hits))
    return shown(host, address, port) + ", is refused by the setting egress-deny";
  const Place place = place_of(address);
  if (place != Place::usual)
    return shown(host, address, port) + ", is " + std::string(what_is(place)) + how_to_allow(address, port);
  if (is_here(address))
    return shown(host, address, port) + ", is an address of this machine" + how_to_allow(address, port);
  if (own_.is_endpoint(address, port))
    return shown(host, address, port) + ", is our own server or NATS" + how_to_allow(address, port);
  return std::nullopt;
}

base::Result<std::vector<Address>> Egress::resolve(const std::string& host, int port) const {
  std::vector<Address> all = addresses_of(host);
  if (all.empty())
    return base::failure(base::ErrorCode::unavailable, "host '" + host + "' has no address that can be found", "host");
  for (const Address& address : all) {
    if (auto why = refusal(host, address, port)) return base::failure(base::ErrorCode::forbidden, *why, "host");
  }
  return all;
}

std::optional<std::string> Egress::refusal_by_name(const std::string& host, int port) const {
  // A name that only the proxy knows has no address here. What does have one must be allowed.
  for (const Address& address : addresses_of(host)) {
    if (auto why = refusal(host, address, port)) return why;
  }
  return std::nullopt;
}

}  // namespace noetl::reach
