#pragma once
// Log lines of every program: UTC time, level, component, message and named fields, as key=value text or
// as one JSON object a line, on stderr. The only way to spdlog. Any thread; a call never throws.
// Secrets never reach a line: fields named like one, and passwords inside URLs, are masked (redact).
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace noetl::telemetry {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };

struct LogSettings {
  LogLevel level = LogLevel::info;
  bool json = false;
};

using LogField = std::pair<std::string_view, std::string>;
using LogFields = std::initializer_list<LogField>;

// Once, at the start of main. Before it, lines of level info and above are written as text.
void init_logging(const LogSettings& settings);

// While the program runs; init_logging has set the first one.
void set_log_level(LogLevel level);
[[nodiscard]] LogLevel log_level();
[[nodiscard]] bool is_log_enabled(LogLevel level);
// "info" → LogLevel::info; nothing for an unknown word.
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);
[[nodiscard]] std::string_view to_string(LogLevel level);

void log(LogLevel level, std::string_view component, std::string_view message, LogFields fields = {});

// log_info("worker", "Subscribed to noetl.commands", {{"stream", "NOETL_COMMANDS"}});
inline void log_debug(std::string_view component, std::string_view message, LogFields fields = {}) {
  log(LogLevel::debug, component, message, fields);
}
inline void log_info(std::string_view component, std::string_view message, LogFields fields = {}) {
  log(LogLevel::info, component, message, fields);
}
inline void log_warn(std::string_view component, std::string_view message, LogFields fields = {}) {
  log(LogLevel::warn, component, message, fields);
}
inline void log_error(std::string_view component, std::string_view message, LogFields fields = {}) {
  log(LogLevel::error, component, message, fields);
}

struct LogLine {
  std::chrono::system_clock::time_point at;
  LogLevel level = LogLevel::info;
  std::string_view component;
  std::string_view message;
  LogFields fields;
};

// Pure: what log() writes. Tests read lines through these.
[[nodiscard]] std::string format_text(const LogLine& line);
[[nodiscard]] std::string format_json(const LogLine& line);
// `value`, or "***" when `name` is that of a secret; a password in a URL (scheme://user:password@host)
// or in a connection string (password=…) is masked in any value.
[[nodiscard]] std::string redact(std::string_view name, std::string_view value);

}  // namespace noetl::telemetry
