#include "worker/tools/containers/container_tool.hpp"

#include <array>

#include "shared/domain/error_kinds.hpp"
#include "worker/tools/containers/container_launch.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/programs/process_run.hpp"

namespace noetl::tools {

namespace {

constexpr std::array<OptionSpec, 14> container_options{{
    {"image", "text", "what is run; one that the worker's container-images has"},
    {"command", "text or list", "instead of the image's command: a text by /bin/sh -c, a list as it is"},
    {"args", "list", "after the command"},
    {"entrypoint", "text", "instead of the image's entry point"},
    {"env", "map", "environment variables; the input is in NOETL_INPUT as JSON"},
    {"mounts", "list",
     "source:target[:ro], or {source, target, readonly}, of folders that container-mounts has; also "
     "`volumes`"},
    {"volumes", "list", "the same as `mounts`"},
    {"workdir", "path", "the folder in the container; also `cwd`"},
    {"cwd", "path", "the same as `workdir`"},
    {"user", "text", "whom it runs as; root only where container-users has it"},
    {"network", "text", "one that container-networks has; default: the first of them, none as it is shipped"},
    {"memory", "text", "e.g. 512m; default: the worker's tool-memory-max"},
    {"cpus", "text", "e.g. 1.5"},
    {"pull", "text", "missing, always or never; default missing"},
}};

// 125 is the program's own failure, not the container's.
ToolResult own_failure(ToolResult result, const std::string& err) {
  const auto says = [&](const char* words) { return err.find(words) != std::string::npos; };
  domain::ToolError& error = *result.error;
  if (says("Cannot connect to") || says("connection refused") || says("daemon running")) {
    error.kind = "connection";
  } else if (says("Unable to find image") || says("pull access denied") || says("manifest unknown") ||
             says("No such image")) {
    error.kind = "not_found";
  } else {
    error.kind = "invalid_input";
  }
  error.is_retryable = domain::is_retryable_by_default(error.kind);
  return result;
}

void remove_container(const std::string& program, const std::string& name, const ToolLimits& limits) {
  auto run = ProcessRun::start(
      {.argv = {program, "rm", "--force", name},
       .descriptors = {},
       .environment = process::environment_lines(child_variables_of(limits, container_client_variables)),
       .cwd = {},
       .limits = {}},
      {.output_bytes_max = 4096, .kill_grace = std::chrono::milliseconds(100), .input = {}});
  if (!run) return;
  (void)(*run)->wait(std::chrono::steady_clock::now() + std::chrono::seconds(15), {});
  (void)(*run)->end();
}

}  // namespace

std::span<const OptionSpec> ContainerTool::options() const { return container_options; }

ToolResult ContainerTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_image(call); });
}

ToolResult ContainerTool::run_image(const ToolCall& call) const {
  const auto deadline = deadline_of(call);
  if (!deadline) return failed(deadline.error());
  const auto program = container_program_of(settings_.program);
  if (!program) return failed(program.error());
  auto launch = container_launch_of(call, *program, settings_);
  if (!launch) return failed(launch.error());
  if (call.stop.stop_requested()) return cancelled();
  auto run = ProcessRun::start(
      {.argv = launch->argv, .descriptors = {}, .environment = launch->environment, .cwd = {}, .limits = {}},
      {.output_bytes_max = settings_.limits.output_bytes_max,
       .kill_grace = std::chrono::milliseconds(1000),
       .input = launch->variables,
       .progress = call.progress});
  if (!run) return failed(error_of("unsupported", run.error().message));
  const auto ending = (*run)->wait(*deadline, call.stop);
  const int wait_status = (*run)->end();
  // Killing the client leaves the container: it belongs to a daemon.
  if (ending != ProcessRun::Ending::by_itself) remove_container(*program, launch->name, settings_.limits);
  ToolResult result = process_result(**run, ending, wait_status, settings_.limits);
  const bool is_own = ending == ProcessRun::Ending::by_itself && exit_code_of(wait_status) == 125;
  return is_own ? own_failure(std::move(result), (*run)->err.text()) : result;
}

}  // namespace noetl::tools
