// noetl-worker: settings from flags (--name value), environment and file, then run_worker.
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "shared/base/stop_signals.hpp"
#include "shared/config/program_flags.hpp"
#include "shared/config/resolve.hpp"
#include "shared/process/privacy.hpp"
#include "shared/telemetry/log.hpp"
#include "worker/run_worker.hpp"

int main(int argc, char** argv) {
  noetl::process::keep_private();
  const noetl::base::StopSignals signals;
  const auto flags = noetl::config::read_flags({argv + 1, argv + argc}, noetl::config::worker);
  const auto settings = flags.and_then([](const noetl::config::ProgramFlags& given) {
    return noetl::config::resolve_for_process(given.settings, given.config_file)
        .and_then(noetl::config::worker_settings);
  });
  if (!settings) {
    std::fprintf(stderr, "noetl-worker: %s\n", settings.error().message.c_str());
    return 2;
  }
  noetl::telemetry::init_logging(
      {.level = *noetl::telemetry::parse_log_level(settings->log.level), .json = settings->log.json});
  return noetl::worker::run_worker(*settings, signals.token());
}
