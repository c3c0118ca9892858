#include "shared/reach/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

namespace noetl::reach {
namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

Address v4_address(const std::uint8_t* four) {
  Address address;
  std::copy(v4_prefix.begin(), v4_prefix.end(), address.bytes.begin());
  std::copy(four, four + 4, address.bytes.begin() + 12);
  return address;
}

Network network(std::string_view text) {
  const auto parsed = parse_network(text);
  return parsed ? *parsed : Network{};
}

struct NamedPlace {
  Network network;
  Place place;
};

// Read once; the order matters where ranges overlap: the narrower first.
const std::vector<NamedPlace>& named_places() {
  static const std::vector<NamedPlace> all{
      // Metadata of clouds: Amazon's, Google's and Azure's; Amazon's by IPv6; Google's by IPv6; Alibaba's; Oracle's; Azure's agent.
      {network("169.254.169.254"), Place::metadata}, {network("169.254.170.0/24"), Place::metadata},
      {network("fd00:ec2::/32"), Place::metadata},   {network("fd20:ce::254"), Place::metadata},
      {network("100.100.100.200"), Place::metadata}, {network("192.0.0.192"), Place::metadata},
      {network("168.63.129.16"), Place::metadata},   {network("0.0.0.0/8"), Place::unspecified},
      {network("::"), Place::unspecified},           {network("127.0.0.0/8"), Place::this_machine},
      {network("::1"), Place::this_machine},         {network("169.254.0.0/16"), Place::link},
      {network("fe80::/10"), Place::link},           {network("fec0::/10"), Place::link},
      {network("224.0.0.0/4"), Place::multicast},    {network("240.0.0.0/4"), Place::multicast},
      {network("ff00::/8"), Place::multicast},
  };
  return all;
}

Place own_place_of(const Address& address) {
  for (const NamedPlace& named : named_places()) {
    if (named.network.contains(address)) return named.place;
  }
  return Place::usual;
}

}  // namespace

bool Address::is_v4() const { return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes.begin()); }

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4())
    inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
  else
    inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

bool Network::contains(const Address& address) const {
  const auto whole = static_cast<std::size_t>(prefix_bits / 8);
  if (!std::equal(first.bytes.begin(), first.bytes.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes.begin()))
    return false;
  const int rest = prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
  return (first.bytes.at(whole) & mask) == (address.bytes.at(whole) & mask);
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  Address address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return v4_address(four.data());
  return std::nullopt;
}

std::optional<Address> address_of(const sockaddr* socket_address) {
  if (socket_address == nullptr) return std::nullopt;
  if (socket_address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, socket_address, sizeof v4);
    return v4_address(reinterpret_cast<const std::uint8_t*>(&v4.sin_addr));
  }
  if (socket_address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, socket_address, sizeof v6);
    Address address;
    std::memcpy(address.bytes.data(), &v6.sin6_addr, address.bytes.size());
    return address;
  }
  return std::nullopt;
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto first = parse_address(text.substr(0, slash));
  if (!first) return std::nullopt;
  if (slash == std::string_view::npos) return Network{.first = *first, .prefix_bits = 128};
  const std::string_view digits = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  // ::ffff:0:0/96 is written as IPv6 and counts as such.
  const bool is_dotted = text.substr(0, slash).find(':') == std::string_view::npos;
  if (error != std::errc{} || end != digits.data() + digits.size() || bits < 0 || bits > (is_dotted ? 32 : 128))
    return std::nullopt;
  return Network{.first = *first, .prefix_bits = bits + (is_dotted ? 96 : 0)};
}

std::optional<Address> carried_address(const Address& address) {
  static const Network nat64 = network("64:ff9b::/96");
  static const Network local_nat64 = network("64:ff9b:1::/48");
  static const Network six_to_four = network("2002::/16");
  static const Network compatible = network("::/96");
  if (address.is_v4()) return std::nullopt;
  if (six_to_four.contains(address)) return v4_address(address.bytes.data() + 2);
  if (nat64.contains(address) || local_nat64.contains(address) || compatible.contains(address))
    return v4_address(address.bytes.data() + 12);
  return std::nullopt;
}

Place place_of(const Address& address) {
  const Place own = own_place_of(address);
  if (own != Place::usual) return own;
  const auto carried = carried_address(address);
  return carried ? own_place_of(*carried) : own;
}

bool is_private(const Address& address) {
  static const std::vector<Network> all{network("10.0.0.0/8"), network("172.16.0.0/12"), network("192.168.0.0/16"),
                                        network("100.64.0.0/10"), network("fc00::/7")};
  return std::any_of(all.begin(), all.end(), [&](const Network& one) { return one.contains(address); });
}

}  // namespace noetl::reach
