#include "worker/tools/python_tool.hpp"

#include <sys/wait.h>

#include <csignal>
#include <cstring>

#include "worker/tools/options.hpp"

namespace noetl::tools {

namespace {

using How = CallEnd::How;

std::string request_text(const ToolCall& call, std::string_view code) {
  const Json* libraries = find_option(call, {"libs"});
  std::string text = R"({"code":)" + to_text(Json(code));
  // The usual call has its input in one place: spare it the copy.
  const bool has_own_input = find_option(call, {"args", "input"}) != nullptr || !call.input.is_object();
  text += R"(,"input":)" + to_text(has_own_input ? input_of(call) : call.input);
  text += R"(,"context":)" + (call.context.is_object() ? to_text(call.context) : std::string("{}"));
  if (libraries != nullptr) text += R"(,"libs":)" + to_text(*libraries);
  text += '}';
  return text;
}

ToolResult not_lent(const base::Error& error) {
  if (error.code == base::ErrorCode::cancelled) return cancelled();
  const bool is_late = error.code == base::ErrorCode::timeout;
  return failed({.kind = is_late ? "timeout" : "internal", .message = storable_text(error.message),
                 .is_retryable = true, .status = {}, .retry_after = {}, .traceback = {}});
}

ToolResult raised(const std::string& body) {
  const Json error = Json::parse(body, nullptr, false);
  if (!error.is_object()) {
    return failed({.kind = "crash", .message = "the interpreter's error could not be read", .is_retryable = false,
                   .status = {}, .retry_after = {}, .traceback = {}});
  }
  return failed({.kind = error.value("kind", "exception"),
                 .message = storable_text(error.value("message", "")),
                 .is_retryable = false,
                 .status = {},
                 .retry_after = {},
                 .traceback = storable_text(error.value("traceback", ""))});
}

ToolResult died(int wait_status) {
  std::string kind = "crash";
  std::string message = "the interpreter ended in the middle of the call";
  if (WIFSIGNALED(wait_status)) {
    // SIGKILL from somebody else is, but for an operator, the kernel that ran out of memory.
    if (WTERMSIG(wait_status) == SIGKILL) kind = "memory_limit";
    message = std::string("the interpreter was killed by signal ") + std::to_string(WTERMSIG(wait_status)) + " (" +
              strsignal(WTERMSIG(wait_status)) + ")";
  } else if (WIFEXITED(wait_status)) {
    message = "the interpreter exited with code " + std::to_string(WEXITSTATUS(wait_status));
  }
  return failed({.kind = std::move(kind), .message = std::move(message), .is_retryable = true,
                 .status = {}, .retry_after = {}, .traceback = {}});
}

ToolResult result_of(CallEnd& end, const std::optional<int>& wait_status) {
  switch (end.how) {
    case How::completed:
      // The code shares a process with the driver and could have written anything.
      if (!Json::accept(end.body)) {
        return failed({.kind = "invalid_result", .message = "the result is not JSON", .is_retryable = false,
                       .status = {}, .retry_after = {}, .traceback = {}});
      }
      return completed(std::move(end.body));
    case How::failed: return raised(end.body);
    case How::timed_out: return timed_out("the code");
    case How::cancelled: return cancelled();
    case How::broke_protocol:
      return failed({.kind = "crash", .message = "the code wrote into the interpreter's channel",
                     .is_retryable = false, .status = {}, .retry_after = {}, .traceback = {}});
    case How::died:
    case How::never_began: break;
  }
  return died(wait_status.value_or(0));
}

}  // namespace

ToolResult PythonTool::run(const ToolCall& call) {
  return never_throws([&] {
    const Json* code = find_option(call, {"code"});
    if (code == nullptr || !code->is_string()) return refused("tool python needs the option 'code', a text");
    return run_code(call, code->get_ref<const std::string&>());
  });
}

ToolResult PythonTool::run_code(const ToolCall& call, std::string_view code) {
  const auto deadline = deadline_of(call);
  if (!deadline) return refused(deadline.error().message);
  const std::string request = request_text(call, code);
  if (request.size() > UINT32_MAX / 2) return refused("the input of tool python is too large");
  // One that died while idle never saw the request, so the next one may have it: each of the pool may
  // have died, hence the bound.
  for (std::size_t tries = 0; tries <= pool_.settings().pool_size; ++tries) {
    auto interpreter = pool_.borrow(*deadline, call.stop);
    if (!interpreter) return not_lent(interpreter.error());
    CallEnd end = (*interpreter)->call(request, *deadline, call.stop);
    std::optional<int> wait_status;
    if (end.must_retire) {
      wait_status = pool_.retire(std::move(*interpreter));
    } else {
      pool_.give_back(std::move(*interpreter));
    }
    if (end.how == How::never_began) continue;
    ToolResult result = result_of(end, wait_status);
    result.output = std::move(end.output);
    return result;
  }
  return failed({.kind = "crash", .message = "every python interpreter died before it took the code",
                 .is_retryable = true, .status = {}, .retry_after = {}, .traceback = {}});
}

}  // namespace noetl::tools
