#include "worker/tools/programs/exec_tool.hpp"

#include "shared/domain/error_kinds.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/programs/process_run.hpp"

namespace noetl::tools {

namespace {

// Deeper than what is stored: then the result is refused for its depth, not as no JSON.
constexpr std::size_t program_depth_max = 1000;

base::Result<std::string> request_of(const ToolCall& call, const std::string& kind) {
  Json request{{"tool", call.tool}, {"input", input_of(call)}, {"context", call.context}};
  if (!call.traceparent.empty()) request["traceparent"] = call.traceparent;
  auto credential = revealed_auth_of(call, "tool " + kind);
  if (!credential) return tl::unexpected(credential.error());
  if (*credential) request["auth"] = (*credential)->data;
  return to_text(request);
}

// What the program says went wrong, or nothing.
std::optional<domain::ToolError> own_error(const Json& answer) {
  if (!answer.is_object() || !answer.contains("error") || answer.at("error").is_null()) return std::nullopt;
  const Json& said = answer.at("error");
  if (said.is_string()) return error_of("exception", said.get<std::string>());
  domain::ToolError error = error_of(auth_field(said, {"kind"}), auth_field(said, {"message"}));
  if (error.kind.empty()) error.kind = "exception";
  const auto retryable = said.is_object() ? said.find("retryable") : said.end();
  error.is_retryable = said.is_object() && retryable != said.end() && retryable->is_boolean()
                           ? retryable->get<bool>()
                           : domain::is_retryable_by_default(error.kind);
  const auto status = said.is_object() ? said.find("status") : said.end();
  if (said.is_object() && status != said.end() && status->is_number_integer()) error.status = status->get<int>();
  return error;
}

}  // namespace

ToolResult ExecTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_program(call); });
}

ToolResult ExecTool::run_program(const ToolCall& call) const {
  const auto deadline = deadline_of(call);
  if (!deadline) return failed(deadline.error());
  auto request = request_of(call, kind_);
  if (!request) return failed(request.error());
  if (call.stop.stop_requested()) return cancelled();
  auto run = ProcessRun::start({.argv = {path_},
                                .descriptors = {},
                                .environment = process::environment_lines(child_variables_of(limits_)),
                                .cwd = {},
                                .limits = child_limits_of(limits_)},
                               {.output_bytes_max = limits_.result_bytes_max,
                                .kill_grace = std::chrono::milliseconds(2000),
                                .input = *std::move(request),
                                .progress = call.progress,
                                .is_out_printed = false});
  if (!run) return failed(error_of("unsupported", "tool " + kind_ + ": " + run.error().message));
  const auto ending = (*run)->wait(*deadline, call.stop);
  const int wait_status = (*run)->end();
  const int exit_code = exit_code_of(wait_status);
  BoundedOutput output(limits_.output_bytes_max);
  const std::string printed = (*run)->err.text();
  output.append(printed.data(), printed.size());

  const std::string text = (*run)->out.text();
  Json answer = parse_answer(text, domain::result_values_max, program_depth_max);
  ToolResult result;
  if (ending == ProcessRun::Ending::cancelled) {
    result = cancelled();
  } else if (ending == ProcessRun::Ending::timed_out) {
    result = timed_out("tool " + kind_);
  } else if ((*run)->out.is_cut()) {
    result = failed(error_of(
        "output_limit", "tool " + kind_ + " wrote more than " + std::to_string(limits_.result_bytes_max) + " bytes"));
  } else if (auto error = own_error(answer)) {
    result = failed(*std::move(error));
    if (answer.contains("result")) result.result = to_text(answer.at("result"));
  } else if (exit_code != 0) {
    const std::string tail = last_lines(printed, 500);
    result = failed(error_of("exit_code", "tool " + kind_ + " exited with code " + std::to_string(exit_code) +
                                              (tail.empty() ? "" : ": " + tail)));
    result.error->status = exit_code;
    add_details(*result.error, {{"stderr", last_lines(printed, 2048)}});
  } else if (answer.is_discarded()) {
    BoundedOutput wrote(300);
    wrote.append(text.data(), text.size());
    result = failed(error_of("invalid_result", "tool " + kind_ + " wrote no JSON to stdout but: " + wrote.text()));
  } else {
    result = completed(to_text(answer.is_object() && answer.contains("result") ? answer.at("result") : answer));
  }
  result.output = output.text();
  return result;
}

}  // namespace noetl::tools
