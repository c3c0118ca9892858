// docs/reference.md is what a running server and worker say of themselves. NOETL_REWRITE_DOCS=1 writes its tables anew.
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
#include "tests/support/free_port.hpp"
#include "tests/support/stack.hpp"
#include "test_paths.hpp"

using namespace noetl;
using namespace noetl::support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::filesystem::path document = NOETL_SOURCE_DIR "/docs/reference.md";

std::string table_of_routes(const json& openapi) {
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

TEST_CASE("docs/reference.md has the routes, metrics and events of this release") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const int port = free_port();
  const HttpClient health("127.0.0.1", port);
  stack.start_worker({{"NOETL_HEALTH_PORT", std::to_string(port)}, {"NOETL_HOST", "127.0.0.1"}});
  wait_until("the worker to be ready", 20s, [&] { return health.get("/readyz").status == 200; });
  stack.enqueue({{{"tool", {{"kind", "noop"}}}}});  // so that every family has a value
  wait_until("it to be done", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 1; });

  std::string text = read_text(document);
  rewrite(text, "routes", table_of_routes(json::parse(stack.api().get("/openapi.json").body)));
  rewrite(text, "metrics of the server", table_of_metrics(stack.api().get("/metrics").body));
  rewrite(text, "metrics of a worker", table_of_metrics(health.get("/metrics").body));
  rewrite(text, "events", table_of_events());
  if (std::getenv("NOETL_REWRITE_DOCS") != nullptr) std::ofstream(document) << text;
  CHECK(read_text(document) == text);
}
