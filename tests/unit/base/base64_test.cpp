#include "shared/base/text/base64.hpp"

#include <doctest/doctest.h>

namespace noetl::base {
namespace {

TEST_CASE("base64 is decoded with and without padding, and refused where it is none") {
  CHECK(base64_decoded("QQ==") == "A");
  CHECK(base64_decoded("QUI=") == "AB");
  CHECK(base64_decoded("QUJD") == "ABC");
  CHECK(base64_decoded("QUJDRA") == "ABCD");
  CHECK(base64_decoded("-_8=") == "\xFB\xFF");
  CHECK(base64_decoded("") == "");
  CHECK(base64_decoded("QU\r\nJD") == "ABC");
  for (const char* text : {"Q", "Q===", "QUI==", "QQ=A", "a:b", "QUJDR"}) CHECK_FALSE(base64_decoded(text).has_value());
}

TEST_CASE("what was encoded is decoded, whatever bytes it has") {
  std::string bytes;
  for (int i = 0; i < 600; ++i) {
    CHECK(base64_decoded(base64_encoded(bytes)) == bytes);
    bytes += static_cast<char>(i * 7);
  }
  CHECK(base64_encoded("A") == "QQ==");
  CHECK(base64_encoded("\xFB\xFF") == "+/8=");
}

}  // namespace
}  // namespace noetl::base
