// Any text as a playbook: loads, or says what is wrong; lint says as much of it as the loader.
#include <string_view>

#include "shared/language/lint.hpp"
#include "shared/language/loading/playbook_loader.hpp"
#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace noetl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = language::load_playbook(text);
  const auto report = language::lint_playbook(text);
  NOETL_FUZZ_CHECK(loaded.has_value() != report.has_errors());
  if (!loaded) {
    NOETL_FUZZ_CHECK(!loaded.error().message.empty());
    NOETL_FUZZ_CHECK(loaded.error().details.size() <= 100);
    return 0;
  }
  for (const auto& [name, index] : loaded->playbook.step_index) {
    NOETL_FUZZ_CHECK(loaded->playbook.workflow.at(index).name == name);
  }
  return 0;
}
