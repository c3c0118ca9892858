#include "server/counts/failed_executions.hpp"

#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "shared/telemetry/log.hpp"

namespace {
struct Line {
  std::string message;
  std::map<std::string, std::string> fields;
};
std::vector<Line> lines;
}  // namespace

// In the place of the program's log.
namespace noetl::telemetry {
void log(LogLevel level, std::string_view, std::string_view message, LogFields fields) {
  if (level != LogLevel::warn) return;
  Line line{.message = std::string(message), .fields = {}};
  for (const auto& [name, value] : fields) line.fields[std::string(name)] = value;
  lines.push_back(std::move(line));
}
}  // namespace noetl::telemetry

namespace noetl::counts {
namespace {

EndedExecution failed(const std::string& error) {
  return {.execution_id = {4711},
          .path = "etl/load",
          .version = 3,
          .status = domain::ExecutionStatus::failed,
          .error = error};
}

TEST_CASE("a failed execution is a line with its id, path, version, step, kind and error") {
  lines.clear();
  FailedExecutions executions;

  executions.log(failed(R"({"kind": "not_found", "message": "no such table", "step": "load"})"));

  REQUIRE(lines.size() == 1);
  CHECK(lines[0].message == "execution failed");
  CHECK(lines[0].fields == std::map<std::string, std::string>{{"execution_id", "4711"},
                                                              {"path", "etl/load"},
                                                              {"version", "3"},
                                                              {"step", "load"},
                                                              {"kind", "not_found"},
                                                              {"error", "no such table"}});
}

TEST_CASE("an error that is none or no text leaves its fields empty") {
  lines.clear();
  FailedExecutions executions;

  executions.log(failed(""));
  executions.log(failed(R"({"kind": 7, "message": null})"));

  REQUIRE(lines.size() == 2);
  CHECK(lines[0].fields.at("error").empty());
  CHECK(lines[1].fields.at("kind").empty());
}

TEST_CASE("a long error is shortened between characters") {
  CHECK(shortened("short", 300) == "short");
  CHECK(shortened("abcdef", 4) == "abcd...");
  CHECK(shortened("ab\xC3\xA4", 3) == "ab...");  // the last character has two bytes
}

TEST_CASE("there are at most so many lines a minute") {
  lines.clear();
  FailedExecutions executions;

  for (int i = 0; i < 10 * FailedExecutions::lines_max; ++i) executions.log(failed("{}"));

  CHECK(lines.size() == static_cast<std::size_t>(FailedExecutions::lines_max));
}

}  // namespace
}  // namespace noetl::counts
