#include "worker/tools/builtin/instant_tools.hpp"

#include "worker/tools/options.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

ToolResult NoopTool::run(const ToolCall& call) {
  return never_throws([&] {
    if (const Json* own = find_option(call, {"data"})) return completed(to_text(*own));
    if (call.input.is_object()) {
      const auto given = call.input.find("data");
      if (given != call.input.end()) return completed(to_text(*given));
    }
    return completed(R"({"status":"ok"})");
  });
}

ToolResult EventLogTool::run(const ToolCall& call) {
  return never_throws([&] {
    Json input = input_of(call);
    return completed(input.empty() && !call.input.is_object() ? to_text(call.input) : to_text(input));
  });
}

}  // namespace noetl::tools
