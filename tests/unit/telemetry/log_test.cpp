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
  CHECK(redact("url", "postgresql://noetl:hunter2@localhost/noetl") == "postgresql://noetl:***@localhost/noetl");
  CHECK(redact("url", "nats://s3cret@localhost:4222") == "nats://***@localhost:4222");
  CHECK(redact("url", "nats://localhost:4222") == "nats://localhost:4222");
  CHECK(redact("dsn", "host=x password=hunter2 dbname=y") == "host=x password=*** dbname=y");
  CHECK(redact("", "cannot reach postgres://u:p:w@h:5432/d, sorry") == "cannot reach postgres://u:***@h:5432/d, sorry");
}

TEST_CASE("every secret of a text is masked up to its end, and what is none stays") {
  struct Case {
    std::string_view text, masked;
  };
  // clang-format off
  static constexpr Case cases[] = {
      // all of them, not the first
      {"password=one host=h password=two", "password=*** host=h password=***"},
      {"token=abc&user=u&token=def", "token=***&user=u&token=***"},
      {"https://h/cb?access_token=abc&state=1&client_secret=def", "https://h/cb?access_token=***&state=1&client_secret=***"},
      {"PASSWORD=x Db_Password=y", "PASSWORD=*** Db_Password=***"},
      {"nats://u:p@a:4222,nats://u:q@b:4222", "nats://u:***@a:4222,nats://u:***@b:4222"},
      // URLs whose passwords hold what ends other parts of a URL
      {"postgres://u:pa/ss@h/d", "postgres://u:***@h/d"},
      {"postgres://u:p@ss@h/d", "postgres://u:***@h/d"},
      {"postgres://u:p?a#ss@h/d failed", "postgres://u:***@h/d failed"},
      {"postgres://u:p@a/b@h/d failed", "postgres://u:***@h/d failed"},
      {"'https://u:p@h/x' and \"https://v:q@h/y\"", "'https://u:***@h/x' and \"https://v:***@h/y\""},
      {"nats://s3cret@h:4222 nats://t0ken@h", "nats://***@h:4222 nats://***@h"},
      // quoted values, with blanks and quotes inside
      {"password='hun ter2' host=h", "password='***' host=h"},
      {"password='it\\'s' host=h", "password='***' host=h"},
      {"password=hun\\ ter2 host=h", "password=*** host=h"},
      {R"({"password": "hun \"ter2", "user": "u", "api_key":"k"})", R"({"password": "***", "user": "u", "api_key":"***"})"},
      {R"("{\"token\":\"abc\",\"n\":1}")", R"("{\"token\":\"***\",\"n\":1}")"},
      {"password=\"never closed", "password=\"***"},
      {"cannot connect with \"host=h password=hunter2\": timeout", "cannot connect with \"host=h password=***\": timeout"},
      // headers
      {"Authorization: Bearer abc.def", "Authorization: ***"},
      {"authorization=Basic dXNlcjpwYXNz\nHost: h", "authorization=***\nHost: h"},
      {"Authorization: Digest username=\"u\", response=\"r\"\nX: y", "Authorization: ***\nX: y"},
      {"X-Auth-Token: abc", "X-Auth-Token: ***"},
      {"sent Bearer eyJhbGciOiJIUzI1NiJ9 to h", "sent Bearer *** to h"},
      // no secrets
      {"http://h:8080/path and http://h/a@b", "http://h:8080/path and http://h/a@b"},
      {"unexpected token: '}' at byte 3", "unexpected token: '}' at byte 3"},
      {"the bearer token is missing", "the bearer token is missing"},
      {"password= host=h", "password= host=h"},
      {"tokens are counted: 5", "tokens are counted: 5"},
  };
  // clang-format on
  for (const auto& [text, masked] : cases) {
    CAPTURE(text);
    CHECK(redact("", text) == masked);
  }
}

TEST_CASE("a message cannot carry a secret either") {
  const auto line = format_text({new_year, LogLevel::warn, "store", "no answer from postgres://u:hunter2@h/d", {}});

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
