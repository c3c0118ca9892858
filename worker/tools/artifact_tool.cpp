#include "worker/tools/artifact_tool.hpp"

#include <array>

#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"

namespace noetl::tools {

namespace {

constexpr std::array<OptionSpec, 5> option_table{{
    {"action", "text", "get, which is the default; also `operation`"},
    {"operation", "text", "the same as `action`"},
    {"result_ref", "text or map",
     "the reference: `_ref` of a step; as an option or in the input; also `uri` and `ref`"},
    {"uri", "text", "the same as `result_ref`"},
    {"ref", "text", "the same as `result_ref`"},
}};

// The reference as a text, wherever it stands; empty when there is none.
std::string reference_of(const ToolCall& call) {
  const Json input = input_of(call);
  for (const Json* place : {&input, &call.tool}) {
    for (const char* name : {"result_ref", "uri", "ref", "reference", "_ref"}) {
      const auto found = place->find(name);
      if (found == place->end()) continue;
      if (found->is_object()) return auth_field(*found, {"ref", "uri", "reference", "id"});
      return scalar_text(*found).value_or("");
    }
  }
  return {};
}

ToolResult get(const ToolCall& call, const ToolLimits& limits) {
  const auto action = text_option(call, {"action", "operation"}, "get");
  if (!action) return failed(action.error());
  if (*action != "get" && *action != "fetch" && *action != "read") {
    return refused("option 'action' of tool artifact must be get, not '" + *action + "'");
  }
  const std::string reference = reference_of(call);
  if (reference.empty()) {
    return refused(
        "tool artifact needs 'result_ref', the reference of a stored result: `_ref` of a step whose result "
        "was "
        "stored apart; a small result has none and is read by the step's name");
  }
  if (call.results == nullptr) {
    return failed(error_of("unsupported", "result '" + reference +
                                              "' is wanted, but this worker has nobody to ask for results"));
  }
  auto found = call.results->fetch(reference);
  if (!found) return failed(found.error());
  std::string text = R"({"status":"success","meta":{"reference":)" + to_text(Json(reference)) +
                     R"(},"data":)" + to_text(*found) + "}";
  if (text.size() > limits.result_bytes_max) {
    return failed(error_of("output_limit", "result '" + reference + "' has " + std::to_string(text.size()) +
                                               " bytes, this worker hands on at most " +
                                               std::to_string(limits.result_bytes_max)));
  }
  return completed(std::move(text));
}

}  // namespace

std::span<const OptionSpec> ArtifactTool::options() const { return option_table; }

ToolResult ArtifactTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return get(call, limits_); });
}

}  // namespace noetl::tools
