// The product's log lines, as lines of the trace.
#include "shared/telemetry/log.hpp"

#include "tests/simulation/model/log_sink.hpp"

namespace noetl::simulation {
LogSink& log_sink() {
  static LogSink the_one;
  return the_one;
}
}  // namespace noetl::simulation

namespace noetl::telemetry {

bool is_log_enabled(LogLevel level) { return level != LogLevel::off && level >= LogLevel::info; }

void log(LogLevel level, std::string_view component, std::string_view message, LogFields fields) {
  const auto& sink = simulation::log_sink();
  if (!sink || level < LogLevel::info) return;
  std::string text = "log " + std::string(component) + ": " + std::string(message);
  for (const auto& [name, value] : fields) text += " " + std::string(name) + "=" + value;
  sink(text);
}

}  // namespace noetl::telemetry
