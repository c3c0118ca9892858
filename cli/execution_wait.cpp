#include "cli/execution_wait.hpp"

#include "cli/command_line.hpp"
#include "cli/interruptible_wait.hpp"
#include "shared/base/text/percent.hpp"
#include "shared/durations/duration.hpp"

namespace noetl::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds execution_ask_first{20};
constexpr milliseconds execution_ask_last{500};

}  // namespace

bool has_ended(const Json& execution) {
  const std::string status = execution.value("status", std::string{});
  return status == "COMPLETED" || status == "FAILED" || status == "CANCELLED";
}

int exit_code_of(const Json& execution) {
  const std::string status = execution.value("status", std::string{});
  return status == "COMPLETED" ? 0 : status == "CANCELLED" ? exit_cancelled : exit_failed;
}

void add_wait_flags(CLI::App& command, WaitFlags& flags) {
  command.add_flag("--wait", flags.should_wait, "Wait for the end and show the result");
  command.add_option("--timeout", flags.timeout, "With --wait: give up waiting after so long")->type_name("TIME");
}

base::Result<milliseconds> limit_of(const WaitFlags& flags) {
  if (const auto limit = durations::parse_duration(flags.timeout.empty() ? "0s" : flags.timeout)) return *limit;
  return base::failure(base::ErrorCode::invalid_input,
                       "--timeout: expected a duration such as 30s, found '" + flags.timeout + "'");
}

int show_started(Session& session, const Json& answer, const WaitFlags& flags, std::string_view more) {
  const std::string id = cell_text(answer, "execution_id");
  if (flags.should_wait) return wait_for_end(session, {.execution_id = id, .limit = limit_of(flags).value()});
  session.output.line(answer, "execution " + id + " " + cell_text(answer, "status") + std::string(more));
  return 0;
}

int wait_for_end(Session& session, const Wait& wait) {
  const auto started = std::chrono::steady_clock::now();
  const auto path = "/api/v2/executions/" + base::percent_encoded(wait.execution_id);
  milliseconds pause = execution_ask_first;
  while (true) {
    const auto answer = session.server().get(path);
    if (!answer) return session.output.error(answer.error());
    if (has_ended(*answer)) {
      session.output.end_progress();
      session.output.fields(
          *answer, {"execution_id", "path", "version", "status", "duration", "completed_steps", "error", "result"});
      return exit_code_of(*answer);
    }
    const auto waited = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);
    if (wait.limit.count() > 0 && waited >= wait.limit) {
      session.output.end_progress();
      const auto why = cell_text(*answer, "wait_message");
      session.output.note("execution " + wait.execution_id + " is " + cell_text(*answer, "status") + " after " +
                          durations::duration_text(wait.limit) + (why.empty() ? "" : ": " + why) +
                          "; follow it with: noetlctl execution watch " + wait.execution_id);
      return exit_wait_over;
    }
    session.output.progress("execution " + wait.execution_id + ": " + cell_text(*answer, "status") + " " +
                            cell_text(*answer, "current_step") + " (" + std::to_string(waited.count() / 1000) + " s)");
    if (!wait_unless_stopped(session.stop, pause)) {
      session.output.end_progress();
      session.output.note("interrupted; execution " + wait.execution_id + " goes on");
      return exit_interrupted;
    }
    pause = std::min(pause * 3 / 2, execution_ask_last);
  }
}

}  // namespace noetl::cli
