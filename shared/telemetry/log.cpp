#include "shared/telemetry/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>

#include "shared/base/text/ascii.hpp"
#include "shared/telemetry/masking.hpp"

namespace noetl::telemetry {
namespace {

constexpr std::array<std::string_view, 6> level_names{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 7> secret_words{"password", "passwd",        "secret",    "token",
                                                       "api_key",  "authorization", "credential"};

// Level and form of the process. Atomics, since a line may be written from any thread at any time,
// even before init_logging and after main's end.
std::atomic<LogLevel> level_now{LogLevel::info};
std::atomic<bool> json_now{false};

spdlog::logger& stderr_logger() {
  // Never destroyed: threads that end after main may still log.
  static auto* const logger = [] {
    auto made = std::make_unique<spdlog::logger>("noetl", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");  // the whole line is ours: the same text can be read in tests
    made->set_level(spdlog::level::trace);
    return made.release();
  }();
  return *logger;
}

std::string utc(std::chrono::system_clock::time_point at) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(ms % 1000));
  return text.data();
}

// Escapes what would break a line or a JSON string apart.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", byte);
      out += code.data();
    } else {
      out += c;
    }
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

bool needs_quotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == '\x7f';
         });
}

}  // namespace

std::string_view to_string(LogLevel level) { return level_names[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view text) {
  const std::string word = base::lower_case(text);
  if (word == "warning") return LogLevel::warn;
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (level_names[i] == word) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::string redact(std::string_view name, std::string_view value) {
  const std::string lowered = base::lower_case(name);
  for (const auto word : secret_words) {
    if (lowered.find(word) != std::string::npos) return value.empty() ? "" : "***";
  }
  return masked_text(value);
}

std::string format_text(const LogLine& line) {
  std::string out = utc(line.at);
  out += ' ';
  std::string level{to_string(line.level)};
  level.resize(5, ' ');
  for (const char c : level) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  out += ' ';
  out += line.component;
  out += ": ";
  append_escaped(out, redact("", line.message));
  for (const auto& [name, raw] : line.fields) {
    const std::string value = redact(name, raw);
    out += ' ';
    out += name;
    out += '=';
    needs_quotes(value) ? append_quoted(out, value) : static_cast<void>(out += value);
  }
  return out;
}

std::string format_json(const LogLine& line) {
  std::string out = R"({"time":")" + utc(line.at) + R"(","level":")";
  out += to_string(line.level);
  out += R"(","component":)";
  append_quoted(out, line.component);
  out += R"(,"message":)";
  append_quoted(out, redact("", line.message));
  for (const auto& [name, value] : line.fields) {
    out += ',';
    append_quoted(out, name);
    out += ':';
    append_quoted(out, redact(name, value));
  }
  out += '}';
  return out;
}

void init_logging(const LogSettings& settings) {
  level_now = settings.level;
  json_now = settings.json;
  static_cast<void>(stderr_logger());
}

void set_log_level(LogLevel level) { level_now = level; }

LogLevel log_level() { return level_now; }

bool is_log_enabled(LogLevel level) { return level != LogLevel::off && level >= level_now.load(); }

void log(LogLevel level, std::string_view component, std::string_view message, LogFields fields) {
  if (!is_log_enabled(level)) return;
  try {
    const LogLine line{std::chrono::system_clock::now(), level, component, message, fields};
    stderr_logger().log(spdlog::level::info, spdlog::string_view_t{"{}"},
                        json_now.load() ? format_json(line) : format_text(line));
  } catch (...) {
    // A line that cannot be written may not take the work down with it; stderr itself is gone or memory is.
    std::fputs("a log line could not be written\n", stderr);
  }
}

}  // namespace noetl::telemetry
