// Any bytes as the body of a request: JSON that is no deeper, larger or stranger than Postgres can keep, or refused.
// What is accepted here is written and read as the same again.
#include <nlohmann/json.hpp>
#include <string_view>

#include "shared/json/parse_body.hpp"
#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace noetl::json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto body = parse_body(text);
  if (!body) {
    NOETL_FUZZ_CHECK(!body.error().message.empty());
    return 0;
  }
  NOETL_FUZZ_CHECK(find_invalid_utf8(text) == std::string_view::npos);
  NOETL_FUZZ_CHECK(text.find('\0') == std::string_view::npos);
  const auto written = body->dump();
  const auto again = parse_body(written);
  NOETL_FUZZ_CHECK(again.has_value());
  NOETL_FUZZ_CHECK(*again == *body);
  return 0;
}
