// Any text as a template: parses and renders within its bounds, or is refused; the same twice.
#include <string>
#include <string_view>

#include "shared/templating/template.hpp"
#include "tests/fuzz/target.hpp"

namespace {
using noetl::templating::Json;

// What templates commonly see, one of each kind.
const Json& names() {
  static const Json values = Json::parse(R"({
    "workload": {"list": [1, 2.5, "three", null, true, {"k": "v"}], "text": "caf\u00e9", "n": 7, "empty": {}},
    "start": {"rows": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], "status": "ok"},
    "items": [], "x": "", "y": -3, "z": 1e300
  })");
  return values;
}

constexpr noetl::templating::Limits small{
    .source_bytes_max = 64 * 1024, .output_bytes_max = 256 * 1024, .depth_max = 100, .steps_max = 50'000};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace noetl::templating;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse(text, small);
  if (!parsed) {
    NOETL_FUZZ_CHECK(!parsed.error().message.empty());
    return 0;
  }
  Scope scope;
  scope.add_layer(names());
  const auto once = (*parsed)->render(scope);
  const auto again = (*parsed)->render(scope);
  NOETL_FUZZ_CHECK(once.has_value() == again.has_value());
  if (once) {
    NOETL_FUZZ_CHECK(*once == *again);
    NOETL_FUZZ_CHECK(once->size() <= small.output_bytes_max);
    if ((*parsed)->is_plain()) NOETL_FUZZ_CHECK(*once == text);
  }
  if (const auto value = (*parsed)->evaluate(scope)) (void)is_truthy(*value);
  return 0;
}
