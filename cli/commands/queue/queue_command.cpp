#include "cli/commands/commands.hpp"
#include "cli/session.hpp"

namespace noetl::cli {

void add_queue_command(CLI::App& app, CommandLine& line) {
  auto* queue = app.add_subcommand("queue", "The queue: status");
  queue->require_subcommand(1);
  auto* status = queue->add_subcommand(
      "status", "Commands per pool and status, how long the oldest has waited, and why what waits does not run");
  on_chosen(*status, line, [](Session& session) {
    return show_or_fail(session, session.server().get("/api/v2/queue"), [&](const Json& answer) {
      session.output.rows(answer, {{"POOL", "pool"},
                                   {"STATUS", "status"},
                                   {"COUNT", "count"},
                                   {"OLDEST SECONDS", "oldest_age_seconds"},
                                   {"WHY IT WAITS", "wait_message"}});
    });
  });
}

}  // namespace noetl::cli
