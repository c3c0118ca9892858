#include "worker/tools/programs/process_run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "worker/tools/options.hpp"

namespace noetl::tools {

namespace {

using Time = std::chrono::steady_clock::time_point;

// One string of the environment may have 128 KiB (MAX_ARG_STRLEN); exec fails above it.
constexpr std::size_t exec_string_bytes_max = 128 * 1024 - 64;
constexpr int output_reads_per_turn = 16;
constexpr std::size_t stderr_bytes = 2048;  // of the last lines that an error shows

// A file without a name, so that nobody has to write while the program reads; /dev/null for no input.
Fd input_file(std::string_view text) {
  Fd file(text.empty() ? open("/dev/null", O_RDONLY | O_CLOEXEC) : memfd_create("noetl_input", MFD_CLOEXEC));
  if (!file.is_open()) throw std::system_error(errno, std::generic_category(), "open a program's input");
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    if (count < 0) throw std::system_error(errno, std::generic_category(), "write a program's input");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

Json result_of(const ProcessRun& run, int exit_code, const ToolLimits& limits) {
  Json result{{"status", exit_code == 0 ? "success" : "error"},
              {"exit_code", exit_code},
              {"stdout", run.out.text()},
              {"stderr", run.err.text()}};
  if (!run.out.is_cut() && limits.output_bytes_max > 0) {
    const auto& text = result["stdout"].get_ref<const std::string&>();
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    // Only maps and lists: a command that prints "1" means the text.
    if (first != std::string::npos && (text[first] == '{' || text[first] == '[')) {
      Json parsed = parse_answer(text);
      if (!parsed.is_discarded()) result["data"] = std::move(parsed);
    }
  }
  return result;
}

domain::ToolError exit_error(int wait_status, int exit_code, const Json& result) {
  std::string message = WIFSIGNALED(wait_status)
                            ? "the command was killed by signal " + std::to_string(WTERMSIG(wait_status))
                            : "the command exited with code " + std::to_string(exit_code);
  const auto& err = result["stderr"].get_ref<const std::string&>();
  constexpr std::size_t tail_bytes = 500;
  if (const auto tail = last_lines(err, tail_bytes); !tail.empty()) message += ": " + tail;
  domain::ToolError error = error_of("exit_code", message);
  error.status = exit_code;
  add_details(error, {{"stderr", last_lines(err, stderr_bytes)}});
  return error;
}

bool is_shell(std::string_view program) {
  const std::string_view name = program.substr(program.rfind('/') + 1);
  constexpr std::array<std::string_view, 6> shells{"sh", "bash", "dash", "ash", "zsh", "ksh"};
  return std::find(shells.begin(), shells.end(), name) != shells.end();
}

}  // namespace

base::Result<std::unique_ptr<ProcessRun>> ProcessRun::start(ChildSettings child_settings,
                                                            const ProcessSettings& settings) {
  FdPair out_pipe = make_output_pipe();
  FdPair err_pipe = make_output_pipe();
  const Fd input = input_file(settings.input);
  child_settings.descriptors = {input.get(), out_pipe.theirs.get(), err_pipe.theirs.get()};
  auto child = Child::start(child_settings);
  if (!child) return tl::unexpected(child.error());
  return std::unique_ptr<ProcessRun>(
      new ProcessRun(settings, out_pipe, err_pipe, std::move(*child)));  // NOLINT: private
}

void ProcessRun::drain(Fd& pipe, BoundedOutput& into, Progress* listener) {
  std::array<char, 64 * 1024> chunk;  // NOLINT: filled by read
  for (int turn = 0; turn < output_reads_per_turn && pipe.is_open(); ++turn) {
    const ssize_t count = read(pipe.get(), chunk.data(), chunk.size());
    if (count == 0) pipe = Fd();  // closed by all who had it
    if (count <= 0) return;
    const std::string_view piece(chunk.data(), static_cast<std::size_t>(count));
    into.append(piece.data(), piece.size());
    if (listener != nullptr) listener->print(piece);
  }
}

void ProcessRun::watch(int milliseconds) {
  std::array<pollfd, 4> watched{{{.fd = out_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = err_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
                                 {.fd = child_->ended_descriptor(), .events = POLLIN, .revents = 0}}};
  (void)poll(watched.data(), watched.size(), milliseconds);
  drain(out_, out, out_listener_);
  drain(err_, err, err_listener_);
}

ProcessRun::Ending ProcessRun::wait(Time deadline, const std::stop_token& stop) {
  auto ending = Ending::by_itself;
  auto kill_at = Time::max();
  const std::stop_callback on_stop(stop, [this]() noexcept { wake_.signal(); });
  while (!child_->has_ended()) {
    const Time now = std::chrono::steady_clock::now();
    if (ending == Ending::by_itself && (stop.stop_requested() || now >= deadline)) {
      ending = stop.stop_requested() ? Ending::cancelled : Ending::timed_out;
      kill_at = now + kill_grace_;
      child_->signal_group(SIGTERM);
    }
    if (now >= kill_at) break;
    if (ending != Ending::by_itself) wake_.clear();
    const Time next = ending == Ending::by_itself ? deadline : kill_at;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    watch(static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
  }
  return ending;
}

int ProcessRun::end() {
  const int wait_status = child_->end();
  drain(out_, out, out_listener_);
  drain(err_, err, err_listener_);
  return wait_status;
}

int exit_code_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

ToolResult process_result(const ProcessRun& run, ProcessRun::Ending ending, int wait_status, const ToolLimits& limits) {
  const int exit_code = exit_code_of(wait_status);
  const Json parts = result_of(run, exit_code, limits);
  ToolResult result;
  if (ending == ProcessRun::Ending::cancelled) {
    result = cancelled();
  } else if (ending == ProcessRun::Ending::timed_out) {
    result = timed_out("the command");
  } else if (exit_code != 0) {
    result = failed(exit_error(wait_status, exit_code, parts));
  }
  result.result = to_text(parts);
  BoundedOutput output(limits.output_bytes_max);
  for (const BoundedOutput* part : {&run.out, &run.err}) {
    const std::string text = part->text();
    output.append(text.data(), text.size());
  }
  result.output = output.text();
  return result;
}

base::Result<std::string> exec_string(const Json& value, const std::string& what) {
  const std::optional<std::string> text = scalar_text(value);
  if (!text) return base::failure(base::ErrorCode::invalid_input, what + " must be a text, not " + value.type_name());
  if (text->find('\0') != std::string::npos) {
    return base::failure(base::ErrorCode::invalid_input, what + " has a NUL character");
  }
  if (text->size() > exec_string_bytes_max) {
    return base::failure(base::ErrorCode::invalid_input, what + " has " + std::to_string(text->size()) +
                                                             " bytes; a process takes at most " +
                                                             std::to_string(exec_string_bytes_max) + " in one string");
  }
  return *text;
}

base::Result<std::string> shell_text(const Json& value, const std::string& what) {
  auto text = exec_string(value, what);
  if (!text) return text;
  std::string lines;
  lines.reserve(text->size());
  for (std::size_t i = 0; i < text->size(); ++i) {
    const bool is_pair = (*text)[i] == '\r' && i + 1 < text->size() && (*text)[i + 1] == '\n';
    if (!is_pair) lines += (*text)[i];
  }
  return lines;
}

base::Result<std::vector<std::string>> argument_list(const Json& items, const std::string& what) {
  std::vector<std::string> arguments;
  bool is_code = false;  // the next one
  for (const Json& item : items) {
    const std::string one = "item " + std::to_string(arguments.size()) + " of " + what;
    auto text = is_code ? shell_text(item, one) : exec_string(item, one);
    if (!text) return tl::unexpected(text.error());
    arguments.push_back(*std::move(text));
    const std::string& option = arguments.back();  // -c, -ec, -lc
    is_code = arguments.size() > 1 && is_shell(arguments.front()) && option.size() > 1 && option[0] == '-' &&
              option[1] != '-' && option.ends_with('c');
  }
  return arguments;
}

process::Variables child_variables_of(const ToolLimits& limits, std::string_view more) {
  std::string names = limits.child_variables;
  if (!more.empty()) names.append(",").append(more);
  return process::child_variables(process::NamePatterns(names));
}

ChildLimits child_limits_of(const ToolLimits& limits) {
  return {.memory_bytes_max = limits.memory_bytes_max,
          .file_bytes_max = limits.file_bytes_max,
          .cpu_time_max = limits.cpu_time_max,
          .processes_max = limits.processes_max};
}

base::Result<std::vector<std::string>> environment_of(const ToolCall& call, const ToolLimits& limits,
                                                      std::string_view more) {
  process::Variables variables = child_variables_of(limits, more);
  // Above the bound it is left out rather than failing a command that may not look at it.
  const std::string input = to_text(input_of(call));
  if (input.size() <= exec_string_bytes_max) variables["NOETL_INPUT"] = input;
  if (!call.traceparent.empty()) variables["TRACEPARENT"] = call.traceparent;
  if (const Json* own = find_option(call, {"env"})) {
    if (!own->is_object()) return base::failure(base::ErrorCode::invalid_input, "option 'env' must be a map");
    for (const auto& [name, value] : own->items()) {
      if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos) {
        return base::failure(base::ErrorCode::invalid_input, "option 'env' has a name that no variable can have");
      }
      variables.erase(name);
      if (value.is_null()) continue;
      auto text = exec_string(value, "variable '" + name + "' of option 'env'");
      if (!text) return tl::unexpected(text.error());
      variables[name] = *std::move(text);
    }
  }
  return process::environment_lines(variables);
}

}  // namespace noetl::tools
