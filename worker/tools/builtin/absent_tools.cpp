#include "worker/tools/builtin/absent_tools.hpp"

#include <array>

#include "worker/tools/results.hpp"

namespace noetl::tools {

namespace {

constexpr std::array<AbsentKind, 10> kinds{{
    {"snowflake",
     "tool http with Snowflake's SQL API (POST https://<account>.snowflakecomputing.com/api/v2/statements "
     "and a credential "
     "of type bearer), or tool python with a driver that the worker's interpreter has"},
    {"ducklake",
     "tool duckdb with LOAD ducklake and ATTACH 'ducklake:…' among its commands, where the machine has that "
     "extension"},
    {"subscription",
     "a loop with a cursor that claims rows, or a program outside that receives and calls POST "
     "/api/v2/execute"},
    {"rhai", "tool python"},
    {"wasm", "tool container, or a program of the worker's setting tool-exec"},
    {"gateway", "tool http"},
    {"mcp", "tool http, or a program of the worker's setting tool-exec"},
    {"agent", "tool http or python with the model's own interface"},
    {"iterator", "the step's `loop`"},
    {"result_fetch", "tool artifact"},
}};

}  // namespace

std::span<const AbsentKind> absent_kinds() { return kinds; }

ToolResult AbsentTool::run(const ToolCall&) {
  return failed(error_of(
      "unsupported", "there is no tool '" + std::string(absent_.kind) + "' here; use " + std::string(absent_.instead)));
}

}  // namespace noetl::tools
