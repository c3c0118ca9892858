#include "cli/commands/commands.hpp"
#include "cli/session.hpp"

namespace noetl::cli {

void add_server_command(CLI::App& app, CommandLine& line) {
  auto* server = app.add_subcommand("server", "The server: HTTP API, engine, upkeep");
  server->require_subcommand(1);
  auto* start = server->add_subcommand("start", "Run a server in the foreground, as noetl-server does");
  add_setting_flags(*start, line, config::server);
  on_chosen(*start, line, [](Session& session) {
    const auto settings = config::server_settings(session.resolved);
    if (!settings) return session.output.error(settings.error());
    return session.programs.run_server(*settings, session.stop);
  });
}

}  // namespace noetl::cli
