#pragma once
// Session: what a subcommand works with once the command line has been read; and CommandLine, which the
// subcommands fill while it is being read. Main thread.
#include <CLI/App.hpp>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <utility>

#include "cli/programs.hpp"
#include "cli/server_client.hpp"
#include "cli/text/output.hpp"
#include "shared/config/resolve.hpp"

namespace noetl::cli {

struct Session {
  const Programs& programs;
  const config::Resolved& resolved;
  const config::ClientSettings& settings;
  const Output& output;
  std::stop_token stop;
  ServerChoice server_choice = {};

  [[nodiscard]] ServerClient server() const { return ServerClient(settings, stop, server_choice); }
};

struct CommandLine {
  std::map<std::string, std::string> flags = {};  // settings given as flags
  std::string config_file = {};
  std::function<int(Session&)> chosen = {};  // what the subcommand on the command line does
};

// `act` is done when `command` is the one on the command line.
inline void on_chosen(CLI::App& command, CommandLine& line, std::function<int(Session&)> act) {
  command.callback([&line, act = std::move(act)] { line.chosen = act; });
}

// A flag for every setting of the programs (bits of config::Program) that `command` has no option for yet.
void add_setting_flags(CLI::App& command, CommandLine& line, unsigned programs);

// Prints an answer's error, or shows the answer; the exit code.
template <class Show>
int show_or_fail(const Session& session, const base::Result<nlohmann::json>& answer, Show show) {
  if (!answer) return session.output.error(answer.error());
  show(*answer);
  return 0;
}

}  // namespace noetl::cli
