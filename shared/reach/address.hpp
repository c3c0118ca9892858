#pragma once
// Address and Network: an IP address without its port, and a range of them. Values; any thread.
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace noetl::reach {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d, so that both spellings are one value

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Address&, const Address&) = default;
  friend auto operator<=>(const Address&, const Address&) = default;
};

struct Network {
  Address first;
  int prefix_bits = 128;  // of the 128: an IPv4 range has at least 96

  [[nodiscard]] bool contains(const Address& address) const;
};

// Dotted IPv4 and IPv6 only, brackets allowed. A zone (fe80::1%eth0) is none: it means another link on each machine.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
// Of an AF_INET or AF_INET6 socket; nothing for other families.
[[nodiscard]] std::optional<Address> address_of(const sockaddr* socket_address);
// "10.0.0.0/8", "fd00::/8", or one address.
[[nodiscard]] std::optional<Network> parse_network(std::string_view text);

// The IPv4 address that an IPv6 one carries for a gateway: NAT64, 6to4, IPv4-compatible. A packet to it arrives there.
[[nodiscard]] std::optional<Address> carried_address(const Address& address);

enum class Place { usual, this_machine, link, metadata, unspecified, multicast };
// What kind of place an address is by its number alone, the carried address included.
[[nodiscard]] Place place_of(const Address& address);
[[nodiscard]] bool is_private(const Address& address);  // 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7

}  // namespace noetl::reach
