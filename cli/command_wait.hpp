#pragma once
// Waiting for the end of a command by asking for its status. Main thread.
#include <chrono>
#include <string>

#include "cli/session.hpp"

namespace noetl::cli {

struct CommandWait {
  std::string queue_id;
  std::chrono::milliseconds limit{0};  // 0: none
};

// Shows the command when it has ended. Exit code: 0 done, exit_failed (failed, dead), exit_cancelled, exit_wait_over,
// exit_interrupted; the command goes on in the last two.
[[nodiscard]] int wait_for_command(Session& session, const CommandWait& wait);

}  // namespace noetl::cli
