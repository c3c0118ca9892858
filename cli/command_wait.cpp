#include "cli/command_wait.hpp"

#include <algorithm>

#include "cli/command_line.hpp"
#include "cli/interruptible_wait.hpp"
#include "shared/base/text/percent.hpp"
#include "shared/durations/duration.hpp"

namespace noetl::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds command_ask_first{20};
constexpr milliseconds command_ask_last{500};

bool is_over(const std::string& status) { return status != "queued" && status != "running"; }

int exit_code_for(const std::string& status) {
  return status == "done" ? 0 : status == "cancelled" ? exit_cancelled : exit_failed;
}

}  // namespace

int wait_for_command(Session& session, const CommandWait& wait) {
  const auto started = std::chrono::steady_clock::now();
  const auto path = "/api/v2/commands/" + base::percent_encoded(wait.queue_id);
  milliseconds pause = command_ask_first;
  while (true) {
    const auto answer = session.server().get(path);
    if (!answer) return session.output.error(answer.error());
    const auto status = cell_text(*answer, "status");
    if (is_over(status)) {
      session.output.end_progress();
      session.output.fields(*answer, {"queue_id", "status", "attempts", "result", "error"});
      return exit_code_for(status);
    }
    const auto waited = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);
    if (wait.limit.count() > 0 && waited >= wait.limit) {
      session.output.end_progress();
      const auto why = cell_text(*answer, "wait_message");
      session.output.note("command " + wait.queue_id + " is " + status + " after " +
                          durations::duration_text(wait.limit) + (why.empty() ? "" : ": " + why) +
                          "; look again with: noetlctl command get " + wait.queue_id);
      return exit_wait_over;
    }
    session.output.progress("command " + wait.queue_id + ": " + status + " (" + std::to_string(waited.count() / 1000) +
                            " s)");
    if (!wait_unless_stopped(session.stop, pause)) {
      session.output.end_progress();
      session.output.note("interrupted; command " + wait.queue_id + " goes on");
      return exit_interrupted;
    }
    pause = std::min(pause * 3 / 2, command_ask_last);
  }
}

}  // namespace noetl::cli
