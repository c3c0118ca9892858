// Any text as a script of SQL: the pieces are pieces of it, in order, and splitting one again changes nothing.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/fuzz/target.hpp"
#include "worker/tools/postgres/sql/statements.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace noetl::tools::postgres;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::size_t at = 0, formats_used = 0;
  static const nlohmann::json list = nlohmann::json::array({1, "two", nullptr, 4.5, true, nlohmann::json::object()});
  static const nlohmann::json map = {{"id", 1}, {"name", "two"}, {"x", nullptr}};
  for (const auto& [statement, line] : split_statements(text)) {
    NOETL_FUZZ_CHECK(line >= 1);
    NOETL_FUZZ_CHECK(!statement.empty());
    const auto found = text.find(statement, at);
    NOETL_FUZZ_CHECK(found != std::string::npos);
    at = found + statement.size();
    const auto again = split_statements(statement);
    NOETL_FUZZ_CHECK(again.size() == 1 && again.front().text == statement);
    (void)is_transaction_control(statement);
    (void)refuses_transaction(statement);
    (void)bind_parameters(statement, list, formats_used);
    (void)bind_parameters(statement, map, formats_used);
  }
  if (const auto name = quoted_name(text)) NOETL_FUZZ_CHECK(name->front() == '"' && name->back() == '"');
  return 0;
}
