#pragma once
// Waiting for the end of an execution by asking for its status. Main thread.
#include <chrono>
#include <string>

#include "cli/session.hpp"

namespace noetl::cli {

struct Wait {
  std::string execution_id;
  std::chrono::milliseconds limit{0};  // 0: none
};

// Shows the execution when it has ended. Exit code: 0 completed, exit_failed, exit_cancelled, exit_wait_over,
// exit_interrupted; the execution goes on in the last two.
[[nodiscard]] int wait_for_end(Session& session, const Wait& wait);

[[nodiscard]] bool has_ended(const Json& execution);
[[nodiscard]] int exit_code_of(const Json& execution);

}  // namespace noetl::cli
