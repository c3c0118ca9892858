#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "shared/base/text/percent.hpp"

#include <doctest/doctest.h>

namespace noetl::base {
namespace {

TEST_CASE("unreserved characters stay, and all of them") {
  const std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  CHECK(percent_encoded(unreserved) == unreserved);
  CHECK(percent_encoded("").empty());
}

TEST_CASE("a part of a url cannot leave its place, whatever it holds") {
  CHECK(percent_encoded("a/b?c#d é") == "a%2Fb%3Fc%23d%20%C3%A9");
  CHECK(percent_encoded("../x&y=1+%41") == "..%2Fx%26y%3D1%2B%2541");
  CHECK(percent_encoded(std::string_view("\0\r\n\xFF", 4)) == "%00%0D%0A%FF");
}

}  // namespace
}  // namespace noetl::base
