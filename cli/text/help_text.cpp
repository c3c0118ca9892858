#include "cli/text/help_text.hpp"

namespace noetl::cli {
namespace {

constexpr const char* footer =
    "Begin with:\n"
    "  noetlctl dev                                  # in a terminal of its own\n"
    "  noetlctl playbook register FILE\n"
    "  noetlctl execute PATH --set key=value --wait\n"
    "  noetlctl command enqueue shell --tool '{\"command\": \"date\"}' --wait\n"
    "The server is that of `noetlctl dev`, where none is named: docs/reference/cli.md.\n\n"
    "Settings come from flags, then the environment, then a file (--config, NOETL_CONFIG), then defaults:\n"
    "docs/reference/configuration.md. Exit codes: 0 done, 1 failed, 2 wrong use or input, 3 not found, 4 conflict,\n"
    "5 not allowed, 6 try again later or the wait is over, 7 cancelled, 8 the doctor found something "
    "broken,\n"
    "78 the server would be open to others without a token, 130 interrupted.";
constexpr const char* footer_below =
    "-o json, --server-url, --token-file and others go with every command: noetlctl --help.";

struct Group {
  const char* title;
  std::initializer_list<const char*> commands;
};

void set_footers(CLI::App& app) {
  for (auto* command : app.get_subcommands([](CLI::App*) { return true; })) {
    command->footer(footer_below);
    set_footers(*command);
  }
}

}  // namespace

void arrange_help(CLI::App& app) {
  static const Group groups[] = {{"Playbooks and their executions",
                                  {"playbook", "catalog", "execute", "run", "execution", "vars", "render", "result"}},
                                 {"The queue", {"command", "queue", "dead", "pool"}},
                                 {"Programs", {"dev", "server", "worker", "migrate", "doctor", "bench"}},
                                 {"Secrets", {"credential", "keychain"}},
                                 {"This program", {"config", "version", "completion"}}};
  for (const auto& [title, commands] : groups) {
    for (const char* command : commands) app.get_subcommand(command)->group(title);
  }
  set_footers(app);
  app.footer(footer);
}

}  // namespace noetl::cli
