// docs/reference/tables.md is what a running server and worker say of themselves. NOETL_REWRITE_DOCS=1 writes its tables anew.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "shared/wire/event_names.hpp"
#include "test_paths.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/stack.hpp"

using namespace noetl;
using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const std::filesystem::path document = NOETL_SOURCE_DIR "/docs/reference/tables.md";

std::string table_of_routes(const Json& openapi) {
  std::string table = "| method | path | operation | what it does |\n| --- | --- | --- | --- |\n";
  for (const auto& [path, methods] : openapi.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      std::string upper = method;
      std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
      table += "| " + upper + " | `" + path + "` | `" + operation.at("operationId").get<std::string>() + "` | " +
               operation.at("summary").get<std::string>() + " |\n";
    }
  }
  return table;
}

// From the `# HELP` and `# TYPE` of Prometheus' text.
std::string table_of_metrics(const std::string& text) {
  std::map<std::string, std::string> help;
  std::map<std::string, std::string> kind;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, std::regex("# HELP (noetl_\\w+) (.*)"))) help[found[1]] = found[2];
    if (std::regex_match(line, found, std::regex("# TYPE (noetl_\\w+) (.*)"))) kind[found[1]] = found[2];
  }
  std::string table = "| metric | kind | meaning |\n| --- | --- | --- |\n";
  for (const auto& [name, meaning] : help) table += "| `" + name + "` | " + kind[name] + " | " + meaning + " |\n";
  return table;
}

std::string table_of_events() {
  std::string table = "| event | says |\n| --- | --- |\n";
  for (const auto& event : wire::event_names)
    table += "| `" + std::string(event.name) + "` | " + std::string(event.meaning) + " |\n";
  return table;
}

// What stands between `<!-- NAME -->` and the next heading, or the end.
void rewrite(std::string& text, const std::string& name, const std::string& table) {
  const std::string mark = "<!-- " + name + " -->\n";
  const auto begin = text.find(mark);
  REQUIRE_MESSAGE(begin != std::string::npos, mark);
  const auto from = begin + mark.size();
  const auto to = std::min(text.find("\n## ", from), text.size());
  text.replace(from, to - from, table);
}

// A command that completes, one that dies, one that waits, an execution that fails.
void work(const Stack& stack) {
  stack.register_playbook(R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: fails, path: tests/fails}
workflow:
  - step: start
    tool: {kind: shell, command: "echo password=hunter2 >&2; exit 3"}
)");
  stack.enqueue({{{"tool", {{"kind", "noop"}}}},
                 {{"tool", {{"kind", "no_such_tool"}}}, {"max_attempts", 1}},
                 {{"tool", {{"kind", "noop"}}}, {"delay", 3600}}});
  const auto id = stack.execute("tests/fails", Json::object());
  wait_until("all of it to end", 20s, [&] {
    return stack.sql_number("select count(*) from noetl.queue where status in ('done', 'dead')") == 2 &&
           stack.sql_number("select count(*) from noetl.execution where status = 'failed' and execution_id = " + id) ==
               1;
  });
}

// The series that an expression of PromQL asks for: `name` or `name{…}`, without what Prometheus has itself.
std::vector<std::pair<std::string, std::string>> selectors_in(const std::string& text) {
  const std::regex selector("\\b(noetl_[a-z_]+)(\\{([^}]*)\\})?");
  std::vector<std::pair<std::string, std::string>> found;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), selector); at != std::sregex_iterator(); ++at)
    found.emplace_back((*at)[1], (*at)[3]);
  return found;
}

std::set<std::string> events_named_in_code() {
  const std::regex name("\"((playbook|execution|command|step|call|loop|sink|notification)\\.[a-z_]{2,})\"");
  std::set<std::string> found;
  for (const std::string folder : {"server", "worker", "shared"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(NOETL_SOURCE_DIR "/" + folder)) {
      if (entry.path().extension() != ".cpp" && entry.path().filename() != "report.hpp") continue;
      const std::string text = read_text(entry.path());
      for (auto at = std::sregex_iterator(text.begin(), text.end(), name); at != std::sregex_iterator(); ++at)
        found.insert((*at)[1]);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("every event that the code names is in the table, and no other") {
  std::set<std::string> known;
  for (const auto& event : wire::event_names) known.insert(std::string(event.name));
  CHECK(events_named_in_code() == known);
}

TEST_CASE("what alerts and the dashboard ask for, a server shows, with these labels") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  work(stack);
  const std::string metrics = stack.api().get("/metrics").body;

  for (const std::string path : {"/deploy/prometheus/alerts.yaml", "/deploy/grafana/dashboards/noetl.json"}) {
    std::string text = read_text(NOETL_SOURCE_DIR + path);
    text = std::regex_replace(text, std::regex("\\\\\""), "\"");
    const auto selectors = selectors_in(text);
    CHECK(selectors.size() > 15);
    for (const auto& [name, matchers] : selectors) {
      CAPTURE(path + ": " + name + "{" + matchers + "}");
      std::smatch series;
      REQUIRE(std::regex_search(metrics, series, std::regex("\n" + name + "(\\{[^\n]*\\})? ")));
      const std::string labels = series[1];
      const std::regex matcher("([a-z_]+)[=!]~?\"");
      for (auto at = std::sregex_iterator(matchers.begin(), matchers.end(), matcher); at != std::sregex_iterator();
           ++at) {
        const std::string label = (*at)[1];
        if (label != "job") CHECK(labels.find(label + "=\"") != std::string::npos);
      }
    }
  }
}

TEST_CASE(
    "what failed is counted by path, pool and tool, and the log says which execution and why, without "
    "secrets") {
  Stack stack(StackSettings{.workers = 1, .env = {}});
  work(stack);
  const std::string metrics = stack.api().get("/metrics").body;
  const auto id = std::to_string(stack.sql_number("select execution_id from noetl.execution"));

  const auto shows = [&](const std::string& line) {
    CAPTURE(line);
    CHECK(metrics.find("\n" + line + "\n") != std::string::npos);
  };
  shows(R"(noetl_executions_total{path="tests/fails",status="failed"} 1)");
  shows(R"(noetl_executions_total{path="tests/fails",status="completed"} 0)");
  shows(R"(noetl_executions_started_total{path="tests/fails"} 1)");
  shows(R"(noetl_execution_seconds_count{path="tests/fails"} 1)");
  shows(R"(noetl_attempts_total{outcome="completed",pool="default",tool="noop"} 1)");
  shows(R"(noetl_attempts_total{outcome="failed",pool="default",tool="shell"} 1)");
  shows(R"(noetl_dead_letters_total{pool="default",tool="no_such_tool"} 1)");
  shows(R"(noetl_attempt_seconds_count{tool="shell"} 1)");
  const auto lines = std::count(metrics.begin(), metrics.end(), '\n');
  std::ptrdiff_t of_http = 0;
  const std::regex bucket("\nnoetl_http_request_seconds[^\n]*");
  for (auto at = std::sregex_iterator(metrics.begin(), metrics.end(), bucket); at != std::sregex_iterator(); ++at)
    ++of_http;
  CHECK(of_http < 100);
  CHECK(lines < 600);  // comments included

  std::string log;
  wait_until("the line of the log", 10s, [&] {
    log = stack.server().log();
    return log.find("execution failed") != std::string::npos;
  });
  const auto line = log.substr(log.find("execution failed"),
                               log.find('\n', log.find("execution failed")) - log.find("execution failed"));
  CAPTURE(line);
  for (const auto& part : {"execution_id=" + id, std::string("path=tests/fails"), std::string("version=1"),
                           std::string("step=start"), std::string("kind=exit_code")})
    CHECK(line.find(part) != std::string::npos);
  CHECK(line.find("hunter2") == std::string::npos);
}

TEST_CASE("docs/reference/tables.md has the routes, metrics and events of this release") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const int port = free_port();
  const HttpClient health("127.0.0.1", port);
  stack.start_worker({{"NOETL_HEALTH_PORT", std::to_string(port)}, {"NOETL_HOST", "127.0.0.1"}});
  wait_until("the worker to be ready", 20s, [&] { return health.get("/readyz").status == 200; });
  work(stack);  // so that every family has a value

  std::string text = read_text(document);
  rewrite(text, "routes", table_of_routes(Json::parse(stack.api().get("/openapi.json").body)));
  rewrite(text, "metrics of the server", table_of_metrics(stack.api().get("/metrics").body));
  rewrite(text, "metrics of a worker", table_of_metrics(health.get("/metrics").body));
  rewrite(text, "events", table_of_events());
  if (std::getenv("NOETL_REWRITE_DOCS") != nullptr) std::ofstream(document) << text;
  CHECK(read_text(document) == text);
}
