// Key rings: how keys are written, and rotation.
#include <doctest/doctest.h>

#include "server/vault/key_ring.hpp"

using namespace noetl;
using vault::KeyRing;

namespace {
const std::string hex_key(64, 'a');
const std::string other_hex_key(64, 'b');
}  // namespace

TEST_CASE("keys are 32 bytes as base64 or hexadecimal digits, with comments between them") {
  CHECK(KeyRing::parse("")->is_empty());
  CHECK(KeyRing::parse("# nothing yet\n")->is_empty());
  CHECK_FALSE(KeyRing::parse(hex_key)->is_empty());
  CHECK(KeyRing::parse(vault::new_key_text())->current_id() != KeyRing::parse(vault::new_key_text())->current_id());
  const auto two = KeyRing::parse("# new\n" + hex_key + "  # of March\n\n" + other_hex_key + "\n");
  REQUIRE(two);
  CHECK(two->current_id() == KeyRing::parse(hex_key)->current_id());
  CHECK(KeyRing::parse(hex_key + "," + other_hex_key)->current_id() == two->current_id());
}

TEST_CASE("what is no key is refused without being shown") {
  for (const std::string& text : std::vector<std::string>{"hunter2", "c2hvcnQ=", hex_key.substr(1)}) {
    const auto refused = KeyRing::parse(hex_key + "\n" + text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::ErrorCode::invalid_input);
    CHECK(refused.error().message.find("key 2") != std::string::npos);
    CHECK(refused.error().message.find(text) == std::string::npos);
  }
}

TEST_CASE("a rotated ring seals with the new key and opens what the old one sealed") {
  const auto old_ring = *KeyRing::parse(hex_key);
  const auto rotated = *KeyRing::parse(other_hex_key + " " + hex_key);
  const auto without_old = *KeyRing::parse(other_hex_key);
  const auto sealed = *old_ring.seal("secret", "c");

  CHECK(rotated.open(sealed, "c").value() == "secret");
  CHECK(rotated.seal("secret", "c")->key_id == without_old.current_id());
  const auto refused = without_old.open(sealed, "c");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::unavailable);
  CHECK(refused.error().message.find(old_ring.current_id()) != std::string::npos);
}

TEST_CASE("without a key nothing is sealed or opened, and the error says how to set one") {
  const KeyRing none;

  const auto sealed = none.seal("secret", "c");

  REQUIRE_FALSE(sealed);
  CHECK(sealed.error().code == base::ErrorCode::unavailable);
  CHECK(sealed.error().message.find("encryption-key") != std::string::npos);
  CHECK_FALSE(none.open({"x", "00"}, "c"));
}
