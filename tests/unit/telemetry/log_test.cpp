#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "shared/telemetry/log.hpp"

namespace noetl::telemetry {
namespace {

constexpr std::chrono::system_clock::time_point new_year{std::chrono::milliseconds{1'767'225'600'042}};

TEST_CASE("a text line has UTC time, level, component, message and fields") {
  const auto line = format_text({new_year,
                                 LogLevel::info,
                                 "worker",
                                 "Subscribed to noetl.commands",
                                 {{"stream", "NOETL_COMMANDS"}, {"note", "two words"}}});

  CHECK(line ==
        "2026-01-01T00:00:00.042Z INFO  worker: Subscribed to noetl.commands stream=NOETL_COMMANDS "
        "note=\"two words\"");
}

TEST_CASE("a JSON line parses back to what was said, whatever the text") {
  const std::string nasty = "a \"quote\"\nnew line\ttab \\ and \x01";

  const auto line = format_json({new_year, LogLevel::error, "api", nasty, {{"path", nasty}}});
  const auto parsed = nlohmann::json::parse(line);

  CHECK(line.find('\n') == std::string::npos);
  CHECK(parsed["message"] == nasty);
  CHECK(parsed["path"] == nasty);
  CHECK(parsed["level"] == "error");
  CHECK(parsed["time"] == "2026-01-01T00:00:00.042Z");
}

TEST_CASE("no line is broken in two by what it says") {
  const auto line = format_text({new_year, LogLevel::info, "api", "one\ntwo", {{"x", "three\nfour"}}});

  CHECK(line.find('\n') == std::string::npos);
}

TEST_CASE("secrets are masked by name, in URLs and in connection strings") {
  CHECK(redact("password", "hunter2") == "***");
  CHECK(redact("Authorization", "Bearer x") == "***");
  CHECK(redact("postgres_password", "x") == "***");
  CHECK(redact("url", "postgresql://noetl:hunter2@localhost/noetl") ==
        "postgresql://noetl:***@localhost/noetl");
  CHECK(redact("url", "nats://s3cret@localhost:4222") == "nats://***@localhost:4222");
  CHECK(redact("url", "nats://localhost:4222") == "nats://localhost:4222");
  CHECK(redact("dsn", "host=x password=hunter2 dbname=y") == "host=x password=*** dbname=y");
  CHECK(redact("", "cannot reach postgres://u:p:w@h:5432/d, sorry") ==
        "cannot reach postgres://u:***@h:5432/d, sorry");
}

TEST_CASE("a message cannot carry a secret either") {
  const auto line =
      format_text({new_year, LogLevel::warn, "store", "no answer from postgres://u:hunter2@h/d", {}});

  CHECK(line.find("hunter2") == std::string::npos);
}

TEST_CASE("levels are read in any case and unknown ones are refused") {
  CHECK(parse_log_level("INFO") == LogLevel::info);
  CHECK(parse_log_level("warning") == LogLevel::warn);
  CHECK_FALSE(parse_log_level("loud").has_value());
}

TEST_CASE("a level below the setting is not enabled") {
  init_logging({.level = LogLevel::warn, .json = true});

  CHECK_FALSE(is_log_enabled(LogLevel::info));
  CHECK(is_log_enabled(LogLevel::error));
}

}  // namespace
}  // namespace noetl::telemetry
