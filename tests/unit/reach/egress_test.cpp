// Addresses, ranges and rules: what is allowed, what is refused, and which rule comes first.
#include "shared/reach/egress.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace noetl::reach;

namespace {

bool is_open(const Egress& egress, const std::string& address, int port = 80, const std::string& host = {}) {
  const auto parsed = parse_address(address);
  REQUIRE_MESSAGE(parsed, address);
  return !egress.refusal(host.empty() ? address : host, *parsed, port);
}

EgressSettings rules(std::string allow, std::string deny = {}) {
  return {.allow = std::move(allow), .deny = std::move(deny), .own = {}, .never = {}};
}

}  // namespace

TEST_CASE("an address has one value, however it is spelt") {
  CHECK(parse_address("127.0.0.1") == parse_address("::ffff:127.0.0.1"));
  CHECK(parse_address("[::FFFF:7F00:1]") == parse_address("127.0.0.1"));
  CHECK(parse_address("127.0.0.1")->text() == "127.0.0.1");
  CHECK(parse_address("FD00:0::1")->text() == "fd00::1");
  for (const char* none : {"", "127.1", "0x7f.0.0.1", "fe80::1%lo", "[::1", "example.com", "1.2.3.4.5"})
    CHECK_FALSE(parse_address(none));
}

TEST_CASE("a range holds its addresses of both spellings and no others") {
  const auto ten = parse_network("10.0.0.0/8");
  REQUIRE(ten);
  CHECK(ten->contains(*parse_address("10.255.0.1")));
  CHECK(ten->contains(*parse_address("::ffff:10.0.0.1")));
  CHECK_FALSE(ten->contains(*parse_address("11.0.0.1")));
  CHECK(parse_network("172.16.0.0/12")->contains(*parse_address("172.31.255.255")));
  CHECK_FALSE(parse_network("172.16.0.0/12")->contains(*parse_address("172.32.0.0")));
  for (const char* none : {"10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/", "x/8", "10.0.0.0/8x"})
    CHECK_FALSE(parse_network(none));
}

TEST_CASE(
    "without rules the public and the private networks are open, and this machine, links and metadata are "
    "not") {
  const Egress egress;
  for (const char* open :
       {"93.184.216.34", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12:3456::1", "2606:4700::1111"})
    CHECK_MESSAGE(is_open(egress, open), open);
  for (const char* closed : {"127.0.0.1",
                             "127.9.9.9",
                             "0.0.0.0",
                             "0.1.2.3",
                             "::",
                             "::1",
                             "169.254.169.254",
                             "169.254.0.1",
                             "fe80::1",
                             "fec0::1",
                             "fd00:ec2::254",
                             "fd20:ce::254",
                             "100.100.100.200",
                             "192.0.0.192",
                             "168.63.129.16",
                             "224.0.0.1",
                             "255.255.255.255",
                             "ff02::1",
                             "::127.0.0.1",
                             "64:ff9b::7f00:1",
                             "64:ff9b::a9fe:a9fe",
                             "2002:7f00:1::1",
                             "64:ff9b:1::127.0.0.1"})
    CHECK_FALSE_MESSAGE(is_open(egress, closed), closed);
}

TEST_CASE("egress-allow comes before egress-deny, and that before what is refused anyway") {
  const Egress some(rules("127.0.0.1:8080, [::1]:443, api.internal, *.corp.example:5432, 10.0.0.5", "10.0.0.0/8"));
  CHECK(is_open(some, "127.0.0.1", 8080));
  CHECK_FALSE(is_open(some, "127.0.0.1", 8081));
  CHECK(is_open(some, "::1", 443));
  CHECK_FALSE(is_open(some, "::1", 80));
  CHECK(is_open(some, "127.0.0.1", 80, "API.internal."));
  CHECK_FALSE(is_open(some, "127.0.0.1", 80, "evil-api.internal"));
  CHECK(is_open(some, "127.0.0.1", 5432, "db.corp.example"));
  CHECK_FALSE(is_open(some, "127.0.0.1", 5432, "corp.example"));
  CHECK_FALSE(is_open(some, "127.0.0.1", 5432, "dbcorp.example"));
  CHECK(is_open(some, "10.0.0.5"));
  CHECK_FALSE(is_open(some, "10.0.0.6"));
  CHECK(is_open(some, "192.168.0.1"));

  const Egress only(rules("198.51.100.0/24:443", "all"));
  CHECK(is_open(only, "198.51.100.7", 443));
  CHECK_FALSE(is_open(only, "198.51.100.7", 80));
  CHECK_FALSE(is_open(only, "93.184.216.34", 443));

  const Egress no_private(rules("", "private"));
  CHECK_FALSE(is_open(no_private, "192.168.0.1"));
  CHECK(is_open(no_private, "93.184.216.34"));
}

TEST_CASE("our own parts are refused at their ports, and open to who allows `own`") {
  const std::vector<Endpoint> parts = endpoints_of("nats://u:p@198.51.100.9:4222,tls://[2001:db8::1]", 4223);
  REQUIRE(parts.size() == 2);
  CHECK(parts[1].host == "2001:db8::1");
  const Egress closed({.allow = {}, .deny = {}, .own = parts, .never = {}});
  CHECK_FALSE(is_open(closed, "198.51.100.9", 4222));
  CHECK(is_open(closed, "198.51.100.9", 80));
  CHECK_FALSE(is_open(closed, "2001:db8::1", 4223));
  CHECK(is_open(Egress({.allow = "own", .deny = {}, .own = parts, .never = {}}), "198.51.100.9", 4222));
}

TEST_CASE("no rule opens the server's own API to the server") {
  Egress egress({.allow = "all", .deny = {}, .own = {}, .never = endpoints_of("http://198.51.100.9:8082", 80)});
  egress.close_port_here(18082);
  CHECK_FALSE(is_open(egress, "198.51.100.9", 8082));
  for (const char* here : {"127.0.0.1", "127.0.0.2", "::1", "0.0.0.0", "::", "64:ff9b::7f00:1"})
    CHECK_FALSE_MESSAGE(is_open(egress, here, 18082), here);
  CHECK(is_open(egress, "127.0.0.1", 18083));
}

TEST_CASE("a rule that cannot be read is refused at the start, and says which") {
  for (const char* bad : {"10.0.0.0/33", "0x7f.1", "127.1", "host:0", "host:65536", "host:x", "a b;c", "[::1",
                          "http://x", "*", "a.*.b"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(Egress(rules(bad)), std::invalid_argument);
  }
}

TEST_CASE("every address of a host must be open, and the refusal says what to do") {
  const Egress egress;
  const auto refused = egress.resolve("localhost", 80);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("egress-allow") != std::string::npos);
  const auto open = Egress(rules("loopback")).resolve("localhost", 80);
  REQUIRE(open);
  CHECK_FALSE(open->empty());
  CHECK(egress.refusal_by_name("127.1", 80));
  CHECK_FALSE(egress.refusal_by_name("no-such-host.invalid", 80));
}
