// Sealing: what comes back, and every way in which it must not.
#include <doctest/doctest.h>

#include <set>

#include "server/vault/sealed_box.hpp"

using namespace noetl;

namespace {

vault::Key key_of(unsigned char fill) {
  std::array<unsigned char, vault::Key::bytes_count> bytes{};
  bytes.fill(fill);
  return vault::Key(bytes);
}

}  // namespace

TEST_CASE("what was sealed opens with the same key for the same name") {
  const auto key = key_of(1);

  for (const std::string& text :
       {std::string(), std::string("x"), std::string(100'000, 'y'), std::string("\0\1\xFF", 3)}) {
    const auto sealed = vault::seal(key, text, "credential:pg");
    const auto opened = vault::open_sealed(key, sealed, "credential:pg");
    REQUIRE(opened);
    CHECK(*opened == text);
    CHECK(sealed.size() == text.size() + 29);
  }
}

TEST_CASE("a sealed text shows nothing of the text and is never the same twice") {
  const auto key = key_of(1);
  const std::string text = "the quick brown password";

  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto sealed = vault::seal(key, text, "c");
    CHECK(sealed.find("password") == std::string::npos);
    CHECK(seen.insert(sealed).second);
  }
}

TEST_CASE("another key opens nothing") {
  const auto sealed = vault::seal(key_of(1), "secret", "c");

  const auto opened = vault::open_sealed(key_of(2), sealed, "c");

  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == base::ErrorCode::internal);
  CHECK(opened.error().message.find("secret") == std::string::npos);
}

TEST_CASE("a sealed text moved to another name does not open") {
  const auto key = key_of(1);
  const auto sealed = vault::seal(key, "secret", "noetl:credential:v1:admin");

  CHECK(vault::open_sealed(key, sealed, "noetl:credential:v1:admin"));
  CHECK_FALSE(vault::open_sealed(key, sealed, "noetl:credential:v1:guest"));
  CHECK_FALSE(vault::open_sealed(key, sealed, ""));
}

TEST_CASE("any changed, missing or added byte is noticed") {
  const auto key = key_of(1);
  const auto sealed = vault::seal(key, "secret", "c");

  for (std::size_t i = 0; i < sealed.size(); ++i) {
    CAPTURE(i);
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(vault::open_sealed(key, changed, "c"));
    CHECK_FALSE(vault::open_sealed(key, sealed.substr(0, i), "c"));
  }
  CHECK_FALSE(vault::open_sealed(key, sealed + "x", "c"));
}

TEST_CASE("key ids tell keys apart and hold nothing of them") {
  CHECK(key_of(1).id() != key_of(2).id());
  CHECK(key_of(1).id() == key_of(1).id());
  CHECK(key_of(1).id().size() == 12);
}
