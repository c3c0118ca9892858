#include "worker/loop/runs/run_command.hpp"

#include <nlohmann/json.hpp>

#include "shared/base/text/nearest_word.hpp"
#include "shared/domain/error_kinds.hpp"
#include "shared/domain/storable_json.hpp"
#include "shared/engine/command_context.hpp"
#include "shared/json/json_cursor.hpp"
#include "shared/json/json_tree.hpp"
#include "shared/json/parse_body.hpp"
#include "shared/json/reserved_name.hpp"
#include "shared/wire/names.hpp"
#include "worker/loop/progress/command_progress.hpp"
#include "worker/loop/secrets/resolve_secrets.hpp"

namespace noetl::loop {
namespace {

using Json = nlohmann::json;
using domain::Outcome;
using domain::ToolError;

ToolError error_of(std::string kind, std::string message) {
  const bool is_retryable = domain::is_retryable_by_default(kind);
  return {.kind = std::move(kind),
          .message = std::move(message),
          .is_retryable = is_retryable,
          .status = {},
          .retry_after = {},
          .traceback = {}};
}

void fail(wire::AttemptReport& report, ToolError error) {
  report.outcome = Outcome::failed;
  report.result = "null";
  report.error = std::move(error);
}

tools::ToolCall call_of(const domain::ClaimedCommand& command, Json context, const SecretAsker& asker) {
  tools::ToolCall call;
  if (const auto tool = context.find("tool"); tool != context.end() && tool->is_object()) {
    call.tool = std::move(*tool);
    context.erase("tool");
  }
  if (const auto input = context.find("input"); input != context.end()) {
    call.input = std::move(*input);
    context.erase("input");
  }
  context.erase(engine::ahead_member);
  if (command.execution_id.is_set()) context["execution_id"] = command.execution_id.str();
  if (command.lease.queue_id.is_set()) context["queue_id"] = command.lease.queue_id.str();
  context["step"] = command.step;
  context["attempt"] = command.attempt;
  context["worker_id"] = asker.worker_id;
  call.context = std::move(context);
  call.traceparent = command.traceparent;
  call.deadline = asker.deadline;
  call.stop = asker.stop;
  return call;
}

// 00-<trace id>-<span>-<flags> of W3C; empty when it is something else.
std::string trace_id_of(const std::string& traceparent) {
  return wire::is_traceparent(traceparent) ? traceparent.substr(3, 32) : std::string();
}

// What the server could not give of the keychain, as an error of the attempt.
ToolError error_of(const base::Error& error) {
  using base::ErrorCode;
  const bool may_pass =
      error.code == ErrorCode::unavailable || error.code == ErrorCode::timeout || error.code == ErrorCode::saturated;
  const bool is_refused = error.code == ErrorCode::forbidden || error.code == ErrorCode::unauthenticated;
  ToolError made = error_of(may_pass                               ? "connection"
                            : is_refused                           ? "auth"
                            : error.code == ErrorCode::not_found   ? "not_found"
                            : error.code == ErrorCode::unsupported ? "unsupported"
                                                                   : "invalid_input",
                            error.message);
  if (error.retry_after.count() > 0) made.retry_after = error.retry_after;
  return made;
}

// Nothing that a tool was given in secret leaves with its report.
void mask_secrets(wire::AttemptReport& report, const CommandSecrets& secrets, bool may_return_secrets) {
  report.output = secrets.masked_lines(std::move(report.output));
  if (report.error) {
    report.error->kind = secrets.masked_lines(std::move(report.error->kind));  // a program says its own
    report.error->message = secrets.masked_lines(std::move(report.error->message));
    report.error->traceback = secrets.masked_lines(std::move(report.error->traceback));
    if (!report.error->details.empty()) report.error->details = secrets.masked_result(std::move(report.error->details));
  }
  if (!may_return_secrets) report.result = secrets.masked_result(std::move(report.result));
}

// What the server could not store would be refused together with the whole batch. The result of a failed attempt is
// left out then: its error is what counts.
base::Result<void> check_json(const std::string& result, std::size_t bytes_max) {
  const json::BodyBounds bounds{.bytes_max = bytes_max, .values_max = json::result_values_max};
  if (auto wrong = json::check_body(result, bounds)) return base::failure(std::move(*wrong));
  // Nearly all are read without a tree.
  json::JsonCursor cursor(result);
  static_cast<void>(cursor.any());
  if (cursor.is_done()) return {};
  const auto parsed = json::parse_body(result, bounds);
  if (!parsed) return base::failure(parsed.error());
  return {};
}

void check_result(wire::AttemptReport& report, const tools::ToolLimits& limits) {
  if (report.result == "null" || report.result == "{}") return;
  if (report.outcome != Outcome::completed) {
    if (!check_json(report.result, limits.result_bytes_max)) report.result = "null";
    return;
  }
  if (report.result.size() > limits.result_bytes_max) {
    const std::string size = std::to_string(report.result.size());
    return fail(report,
                error_of("output_limit", "the tool has done its work, but its result has " + size + " bytes, at most " +
                                             std::to_string(limits.result_bytes_max) + " are kept"));
  }
  auto checked = check_json(report.result, limits.result_bytes_max);
  if (checked) return;
  if (auto storable = domain::storable_json(report.result)) {
    report.result = *std::move(storable);
    checked = check_json(report.result, limits.result_bytes_max);
  }
  if (checked) return;
  // Whatever the tool was to do is done, and would be done twice by another attempt: neither kind is tried again.
  const bool is_large = checked.error().code == base::ErrorCode::payload_too_large;
  fail(report, error_of(is_large ? "output_limit" : "invalid_result",
                        "the tool has done its work, but its result cannot be stored: " + checked.error().message));
}

void run_tool(const domain::ClaimedCommand& command, tools::Tool& tool, const RunSettings& settings,
              CommandSecrets& secrets, wire::AttemptReport& report) {
  // SQL may enqueue numbers that would be rounded here; the API and the engine have none.
  const auto storable = command.execution_id.is_set() ? std::nullopt : domain::storable_json(command.context);
  auto context = json::build_tree(storable ? *storable : command.context);
  if (!context || !context->is_object())
    return fail(report, error_of("invalid_input", "the command's context is no JSON object"));
  // What a plain command brings is data, whatever it looks like.
  Resolved resolved;
  if (command.execution_id.is_set()) {
    if (const auto done = resolve_command(*context, command.tool_kind, secrets, resolved); !done)
      return fail(report, error_of(done.error()));
  }
  tools::ToolCall call = call_of(command, std::move(*context), secrets.asker());
  call.credentials = &secrets;
  call.results = &secrets;
  call.policies = std::move(resolved.policies);
  call.secret_options = std::move(resolved.options);
  tools::ToolResult result = [&] {
    if (tool.is_instant()) return tool.run(call);
    CommandProgress progress(
        settings.progress, command.lease, [&](std::string text) { return secrets.masked_lines(std::move(text)); },
        settings.late);
    call.progress = &progress;
    return tool.run(call);
  }();
  report.outcome = result.outcome;
  report.result = json::without_reserved_names(std::move(result.result));
  report.output = std::move(result.output);
  report.error = std::move(result.error);
  if (report.outcome == Outcome::failed && !report.error)
    report.error = error_of("internal", "tool '" + command.tool_kind + "' failed without saying why");
  if (report.outcome == Outcome::completed) report.error.reset();
  if (report.outcome != Outcome::completed && report.outcome != Outcome::failed) report.result = "null";
  check_result(report, settings.limits);
}

// "worker 'w' has no tool of kind 'htp'; did you mean 'http'? It has http, noop"
std::string no_tool(const std::string& kind, const RunSettings& settings) {
  std::string text = "worker '" + settings.worker_id + "' has no tool of kind '" + kind + "'";
  if (settings.tools == nullptr) return text;
  const auto kinds = settings.tools->kinds();
  const std::vector<std::string_view> names(kinds.begin(), kinds.end());
  const auto near = base::nearest_word(kind, names, 2 + kind.size() / 4);
  text += near.empty() ? "; it has " : "; did you mean '" + std::string(near) + "'? It has ";
  for (const auto& name : kinds) text += (&name == &kinds.front() ? "" : ", ") + name;
  return text;
}

}  // namespace

wire::AttemptReport run_command(const domain::ClaimedCommand& command, tools::Tool* tool, std::stop_token stop,
                                const RunSettings& settings) {
  wire::AttemptReport report;
  report.lease = command.lease;
  report.execution_id = command.execution_id;
  report.trace_id = trace_id_of(command.traceparent);
  if (tool == nullptr) {
    fail(report, error_of("not_found", no_tool(command.tool_kind, settings)));
    return report;
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto timeout = command.timeout.count() > 0 ? command.timeout : settings.limits.timeout_default;
  CommandSecrets secrets(settings.secrets, {.worker_id = settings.worker_id,
                                            .execution_id = command.execution_id,
                                            .lease = command.lease,
                                            .late = settings.late,
                                            .stop = std::move(stop),
                                            .deadline = begin + timeout});
  try {
    run_tool(command, *tool, settings, secrets, report);
  } catch (const std::exception& thrown) {
    fail(report, error_of("internal", "tool '" + command.tool_kind + "' threw: " + thrown.what()));
  } catch (...) {
    fail(report, error_of("internal", "tool '" + command.tool_kind + "' threw something that is no std::exception"));
  }
  mask_secrets(report, secrets, command.tool_kind == "secrets");
  report.duration = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
  return report;
}

}  // namespace noetl::loop
