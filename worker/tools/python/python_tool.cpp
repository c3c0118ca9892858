#include "worker/tools/python/python_tool.hpp"

#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstring>

#include "shared/domain/error_kinds.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"

namespace noetl::tools {

namespace {

using How = CallEnd::How;

constexpr std::array<OptionSpec, 7> python_options{{
    {"code", "Python", "main(…) with arguments by name, or a variable `result`, or a return at the top level"},
    {"script", "map", "{uri, source: {type: file, http or inline}}: code that stands elsewhere"},
    {"libs", "map",
     "modules imported before the code: alias to module, or to {from, import}. A list of packages is not "
     "installed"},
    {"auth", "name or map", "the fields of a credential that says `reveal`, as the name `auth`; also `credential`"},
    {"credential", "name or map", "the same as `auth`"},
    {"python", "text", "one of the interpreters of the worker's setting python-versions"},
    {"env", "map", "environment variables of this call"},
}};

base::Result<Json> environment_of(const ToolCall& call) {
  Json variables = Json::object();
  if (!call.traceparent.empty()) variables["TRACEPARENT"] = call.traceparent;
  const Json* own = find_option(call, {"env"});
  if (own == nullptr) return variables;
  if (!own->is_object()) return base::failure(base::ErrorCode::invalid_input, "option 'env' must be a map", "env");
  for (const auto& [name, value] : own->items()) {
    auto text = scalar_text(value);
    if (!text)
      return base::failure(base::ErrorCode::invalid_input, "variable '" + name + "' of option 'env' must be a text",
                           "env");
    variables[name] = *std::move(text);
  }
  return variables;
}

base::Result<std::string> request_text(const ToolCall& call, std::string_view code) {
  const auto environment = environment_of(call);
  if (!environment) return tl::unexpected(environment.error());
  const auto credential = revealed_auth_of(call, "tool python");
  if (!credential) return tl::unexpected(credential.error());
  std::string text = R"({"code":)" + to_text(Json(code));
  // The usual call has its input in one place: spare it the copy.
  const bool has_own_input = find_option(call, {"args", "input"}) != nullptr || !call.input.is_object();
  text += R"(,"input":)" + to_text(has_own_input ? input_of(call) : call.input);
  text += R"(,"context":)" + (call.context.is_object() ? to_text(call.context) : std::string("{}"));
  if (const Json* libraries = find_option(call, {"libs"})) text += R"(,"libs":)" + to_text(*libraries);
  if (!environment->empty()) text += R"(,"env":)" + to_text(*environment);
  if (*credential) {
    text += R"(,"auth":)" + to_text((*credential)->data);
  } else if (find_option(call, {"auth"}) != nullptr) {
    text += R"(,"auth":{})";
  }
  return text + '}';
}

ToolResult not_lent(const base::Error& error) {
  if (error.code == base::ErrorCode::cancelled) return cancelled();
  const bool is_late = error.code == base::ErrorCode::timeout;
  return failed(error_of(is_late ? "timeout" : "internal", error.message));
}

// Line `number` of a text, counted from 1, without what it is indented by; empty when there is none.
std::string_view line_of(std::string_view text, std::size_t number) {
  for (std::size_t i = 1; i < number; ++i) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find_first_of("\r\n"));
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

ToolResult raised(const std::string& body, std::string_view code) {
  const Json error = parse_answer(body);
  if (!error.is_object()) {
    return failed(error_of("crash", "the interpreter's error could not be read"));
  }
  const std::string kind = auth_field(error, {"kind"});  // the code shares a process with the driver
  const auto said = error.find("retryable");
  const auto is_retryable = said != error.end() && said->is_boolean() ? std::optional(said->get<bool>()) : std::nullopt;
  ToolResult result =
      failed(error_of(domain::is_error_kind(kind) ? kind : "exception", auth_field(error, {"message"}), is_retryable));
  result.error->traceback = storable_text(auth_field(error, {"traceback"}));
  if (const auto line = error.find("line"); line != error.end() && line->is_number_unsigned() && *line > 0)
    add_details(*result.error, {{"line", *line}, {"code", std::string(line_of(code, line->get<std::size_t>()))}});
  return result;
}

ToolResult died(const CallEnd& end, int wait_status, bool has_memory_run_out) {
  std::string kind = "crash";
  std::string message = "the interpreter ended in the middle of the call";
  if (end.is_channel_closed) {  // what killed it then were we
    message = "the code closed the interpreter's channel";
  } else if (WIFSIGNALED(wait_status)) {
    // SIGKILL comes from anybody; whether it was the kernel for want of memory, only the kernel says.
    if (WTERMSIG(wait_status) == SIGKILL && has_memory_run_out) kind = "memory_limit";
    message = std::string("the interpreter was killed by signal ") + std::to_string(WTERMSIG(wait_status)) + " (" +
              strsignal(WTERMSIG(wait_status)) + ")" +
              (kind == "memory_limit" ? ": the machine or its cgroup has run out of memory" : "");
  } else if (WIFEXITED(wait_status)) {
    message = "the interpreter exited with code " + std::to_string(WEXITSTATUS(wait_status));
  }
  return failed(error_of(std::move(kind), std::move(message)));
}

ToolResult result_of(CallEnd& end, std::string_view code, const std::optional<int>& wait_status,
                     bool has_memory_run_out) {
  switch (end.how) {
    case How::completed:
      // The code shares a process with the driver and could have written anything.
      if (auto storable = domain::storable_json(end.body)) end.body = *std::move(storable);
      if (!Json::accept(end.body)) {
        return failed(error_of("invalid_result", "the code ran to its end, but its result is not JSON"));
      }
      return completed(std::move(end.body));
    case How::failed: return raised(end.body, code);
    case How::timed_out: return timed_out("the code");
    case How::cancelled: return cancelled();
    case How::broke_protocol: return failed(error_of("crash", "the code wrote into the interpreter's channel"));
    case How::died:
    case How::never_began: break;
  }
  return died(end, wait_status.value_or(0), has_memory_run_out);
}

}  // namespace

PythonTool::PythonTool(PythonSettings settings, std::optional<ScriptSource> scripts,
                       const std::map<std::string, std::string>& versions)
    : scripts_(std::move(scripts)), oom_kills_(settings.oom_events_file), pool_(settings) {
  for (const auto& [name, path] : versions) {
    PythonSettings own = settings;
    own.interpreter = path;
    own.warm_size = 0;  // most steps want the usual one: start these when they are asked for
    versions_.emplace(name, std::make_unique<PythonPool>(std::move(own)));
  }
}

std::span<const OptionSpec> PythonTool::options() const { return python_options; }

ToolResult PythonTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_call(call); });
}

base::Result<std::string> PythonTool::code_of(const ToolCall& call) const {
  const Json* code = find_option(call, {"code"});
  if (code != nullptr && code->is_string()) {
    const auto& text = code->get_ref<const std::string&>();
    constexpr std::string_view mark = "\xEF\xBB\xBF";  // of a file that an editor on Windows wrote
    return text.starts_with(mark) ? text.substr(mark.size()) : text;
  }
  if (code == nullptr && find_option(call, {"script"}) != nullptr && scripts_) return scripts_->read(call);
  return base::failure(base::ErrorCode::invalid_input, "tool python needs the option 'code', a text, or 'script'",
                       "code");
}

base::Result<PythonPool*> PythonTool::pool_of(const ToolCall& call) {
  auto name = text_option(call, {"python"});
  if (!name) return tl::unexpected(name.error());
  if (name->empty()) return &pool_;
  const auto found = versions_.find(*name);
  if (found != versions_.end()) return found->second.get();
  std::string known;
  for (const auto& [other, pool] : versions_) known += (known.empty() ? "" : ", ") + other;
  return base::failure(base::ErrorCode::unsupported,
                       "this worker has no interpreter called '" + *name +
                           "'; its setting python-versions names: " + (known.empty() ? "none" : known),
                       "python");
}

ToolResult PythonTool::run_call(const ToolCall& call) {
  const auto code = code_of(call);
  if (!code) return failed(code.error());
  const auto deadline = deadline_of(call);
  if (!deadline) return refused(deadline.error().message);
  const auto chosen = pool_of(call);
  if (!chosen) return failed(chosen.error());
  PythonPool& pool = **chosen;
  const auto text = request_text(call, *code);
  if (!text) return failed(text.error());
  const std::string& request = *text;
  if (request.size() > UINT32_MAX / 2) return refused("the input of tool python is too large");
  // One that died while idle never saw the request, so the next one may have it: each of the pool may
  // have died, hence the bound.
  for (std::size_t tries = 0; tries <= pool.settings().pool_size; ++tries) {
    auto interpreter = pool.borrow(*deadline, call.stop);
    if (!interpreter) return not_lent(interpreter.error());
    const std::uint64_t kills_before = oom_kills_.count_lately();
    CallEnd end = (*interpreter)->call(request, *deadline, call.stop, call.progress);
    std::optional<int> wait_status;
    if (end.must_retire) {
      wait_status = pool.retire(std::move(*interpreter), end.how != How::never_began);
    } else {
      pool.give_back(std::move(*interpreter));
    }
    if (end.how == How::never_began) continue;
    const bool has_memory_run_out = end.how == How::died && oom_kills_.count_now() > kills_before;
    ToolResult result = result_of(end, *code, end.wait_status ? end.wait_status : wait_status, has_memory_run_out);
    result.output = std::move(end.output);
    return result;
  }
  return failed(error_of("crash", "every python interpreter died before it took the code"));
}

}  // namespace noetl::tools
