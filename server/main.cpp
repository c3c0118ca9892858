// noetl-server: settings from flags, environment and file, then run_server until SIGTERM or SIGINT.
#include <iostream>

#include "server/run_server.hpp"
#include "shared/base/stop_signals.hpp"
#include "shared/config/program_flags.hpp"
#include "shared/config/resolve.hpp"
#include "shared/process/privacy.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/wire/error_codes.hpp"

int main(int argc, char** argv) {
  using namespace noetl;
  process::keep_private();
  const base::StopSignals signals;
  const auto flags = config::read_flags({argv + 1, argv + argc}, config::server);
  if (!flags) {
    std::cerr << "noetl-server: " << flags.error().message << "; `noetlctl config` shows every setting\n";
    return 2;
  }
  const auto settings =
      config::resolve_for_process(flags->settings, flags->config_file).and_then(config::server_settings);
  if (!settings) {
    std::cerr << "noetl-server: " << settings.error().message << "\n";
    return wire::mapping_of(settings.error().code).cli_exit_code;
  }
  telemetry::init_logging({.level = telemetry::parse_log_level(settings->log.level).value_or(telemetry::LogLevel::info),
                           .json = settings->log.json});
  return server::run_server(*settings, signals.token());
}
