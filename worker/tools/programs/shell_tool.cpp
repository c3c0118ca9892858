#include "worker/tools/programs/shell_tool.hpp"

#include <unistd.h>

#include <array>

#include "worker/tools/options.hpp"
#include "worker/tools/programs/process_run.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

namespace {

constexpr std::array<OptionSpec, 8> shell_options{{
    {"command", "text or list",
     "a text is run by /bin/sh -c, a list is a program and its arguments; also `cmd` and `script`"},
    {"cmd", "text or list", "the same as `command`"},
    {"script", "text", "the same as `command`"},
    {"cmds", "text or list", "lines that one shell runs in turn, until one fails"},
    {"commands", "text or list", "the same as `cmds`"},
    {"env", "map", "environment variables; null takes one away. The input is in NOETL_INPUT as JSON"},
    {"cwd", "path", "the folder it runs in"},
    {"working_dir", "path", "the same as `cwd`"},
}};

// One shell for all lines, so that what one sets the next one sees.
base::Result<std::vector<std::string>> argv_of_lines(const Json& lines) {
  std::string script;
  for (const Json& line : lines.is_array() ? lines : Json::array({lines})) {
    auto text = shell_text(line, "a line of option 'cmds'");
    if (!text) return tl::unexpected(text.error());
    script += *text + "\n";
  }
  if (script.empty()) return base::failure(base::ErrorCode::invalid_input, "option 'cmds' has no line");
  return std::vector<std::string>{"/bin/sh", "-ec", std::move(script)};
}

base::Result<std::vector<std::string>> argv_of(const ToolCall& call) {
  if (const Json* lines = find_option(call, {"cmds", "commands"})) return argv_of_lines(*lines);
  const Json* command = find_option(call, {"command", "cmd", "script"});
  if (command == nullptr) {
    return base::failure(base::ErrorCode::invalid_input,
                         "tool shell needs the option 'command', a text or a list, or 'cmds', lines to run in turn");
  }
  if (!command->is_array()) {
    auto text = shell_text(*command, "option 'command'");
    if (!text) return tl::unexpected(text.error());
    return std::vector<std::string>{"/bin/sh", "-c", *std::move(text)};
  }
  auto argv = argument_list(*command, "option 'command'");
  if (!argv) return argv;
  if (argv->empty() || argv->front().empty()) {
    return base::failure(base::ErrorCode::invalid_input, "option 'command' names no program");
  }
  return argv;
}

ToolResult run_command(const ToolCall& call, const ShellSettings& settings) {
  const auto deadline = deadline_of(call);
  if (!deadline) return refused(deadline.error().message);
  auto argv = argv_of(call);
  if (!argv) return refused(argv.error().message);
  auto environment = environment_of(call, settings.limits);
  if (!environment) return refused(environment.error().message);
  std::string cwd;
  if (const Json* option = find_option(call, {"cwd", "working_dir"})) {
    auto text = exec_string(*option, "option 'cwd'");
    if (!text) return refused(text.error().message);
    cwd = *std::move(text);
  }
  if (call.stop.stop_requested()) return cancelled();
  auto run = ProcessRun::start({.argv = *std::move(argv),
                                .descriptors = {},
                                .environment = *std::move(environment),
                                .cwd = std::move(cwd),
                                .limits = child_limits_of(settings.limits)},
                               {.output_bytes_max = settings.limits.output_bytes_max,
                                .kill_grace = settings.kill_grace,
                                .input = {},
                                .progress = call.progress});
  if (!run) {
    return failed(error_of("not_found", run.error().message));
  }
  const ProcessRun::Ending ending = (*run)->wait(*deadline, call.stop);
  const int wait_status = (*run)->end();
  return process_result(**run, ending, wait_status, settings.limits);
}

}  // namespace

std::span<const OptionSpec> ShellTool::options() const { return shell_options; }

ToolResult ShellTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_command(call, settings_); });
}

}  // namespace noetl::tools
