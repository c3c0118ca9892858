#pragma once
// Waiting for the end of an execution by asking for its status. Main thread.
#include <chrono>
#include <string>
#include <string_view>

#include "cli/session.hpp"
#include "shared/base/result.hpp"

namespace noetl::cli {

struct Wait {
  std::string execution_id;
  std::chrono::milliseconds limit{0};  // 0: none
};

// Shows the execution when it has ended. Exit code: 0 completed, exit_failed, exit_cancelled, exit_wait_over,
// exit_interrupted; the execution goes on in the last two.
[[nodiscard]] int wait_for_end(Session& session, const Wait& wait);

// --wait and --timeout of a command that starts an execution.
struct WaitFlags {
  bool should_wait = false;
  std::string timeout;
};
void add_wait_flags(CLI::App& command, WaitFlags& flags);
[[nodiscard]] base::Result<std::chrono::milliseconds> limit_of(const WaitFlags& flags);

// Of an execution that the server has just started: a line with its id, or with --wait its end and the exit code of that.
[[nodiscard]] int show_started(Session& session, const Json& answer, const WaitFlags& flags,
                               std::string_view more = {});

[[nodiscard]] bool has_ended(const Json& execution);
[[nodiscard]] int exit_code_of(const Json& execution);

}  // namespace noetl::cli
