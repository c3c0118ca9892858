#pragma once
// ProcessRun: a program that runs for a call, what it is given and what it prints, ended by its deadline or stop: SIGTERM,
// a grace, SIGKILL. For the tools that start programs. One thread.
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "shared/process/environment.hpp"
#include "worker/tools/programs/child.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

struct ProcessSettings {
  std::size_t output_bytes_max = 256 * 1024;  // of each stream
  std::chrono::milliseconds kill_grace{2'000};
  std::string input;  // what it reads from stdin
  Progress* progress = nullptr;  // hears what it prints as it comes; outlives the run
  bool is_out_printed = true;  // false: stdout is the result, and stderr alone is what it prints
};

class ProcessRun {
 public:
  enum class Ending { by_itself, timed_out, cancelled };

  // `child.descriptors` is set here.
  [[nodiscard]] static base::Result<std::unique_ptr<ProcessRun>> start(ChildSettings child,
                                                                       const ProcessSettings& settings);
  [[nodiscard]] Ending wait(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop);
  // Kills what is left of its group, collects the rest of what it printed, and returns the wait status.
  int end();

  BoundedOutput out;
  BoundedOutput err;

 private:
  ProcessRun(const ProcessSettings& settings, FdPair& out_pipe, FdPair& err_pipe, std::unique_ptr<Child> child)
      : out(settings.output_bytes_max),
        err(settings.output_bytes_max),
        kill_grace_(settings.kill_grace),
        out_listener_(settings.is_out_printed ? settings.progress : nullptr),
        err_listener_(settings.progress),
        out_(std::move(out_pipe.ours)),
        err_(std::move(err_pipe.ours)),
        child_(std::move(child)) {}

  static void drain(Fd& pipe, BoundedOutput& into, Progress* listener);
  void watch(int milliseconds);

  std::chrono::milliseconds kill_grace_;
  Progress* out_listener_;
  Progress* err_listener_;
  Fd out_;
  Fd err_;
  Wake wake_;
  std::unique_ptr<Child> child_;
};

// The exit code as a shell shows it: 128 and the signal for a killed program.
[[nodiscard]] int exit_code_of(int wait_status);

// {"status","exit_code","stdout","stderr"}, "data" when stdout is JSON; failed when the program did.
[[nodiscard]] ToolResult process_result(const ProcessRun& run, ProcessRun::Ending ending, int wait_status,
                                        const ToolLimits& limits);

// A text that a program can be given as an argument or a variable; `what` names it in errors.
[[nodiscard]] base::Result<std::string> exec_string(const Json& value, const std::string& what);

// The same of what a shell reads: lines that end as in Windows' files end as YAML would have them, since sh takes the CR as part of a word.
[[nodiscard]] base::Result<std::string> shell_text(const Json& value, const std::string& what);

// An argument list: where it is a shell with -c, what follows is such a text.
[[nodiscard]] base::Result<std::vector<std::string>> argument_list(const Json& items, const std::string& what);

// The variables that children may have of ours, with NOETL_INPUT, TRACEPARENT and the option `env` laid over them. A null there
// takes a variable away. `more`: what the program itself needs, "NAME,PREFIX_*".
[[nodiscard]] base::Result<std::vector<std::string>> environment_of(const ToolCall& call, const ToolLimits& limits,
                                                                    std::string_view more = {});

// The same without what a call adds to it.
[[nodiscard]] process::Variables child_variables_of(const ToolLimits& limits, std::string_view more = {});

[[nodiscard]] ChildLimits child_limits_of(const ToolLimits& limits);

}  // namespace noetl::tools
