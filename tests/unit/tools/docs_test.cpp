// docs/tools.md is what the tools say of themselves. NOETL_REWRITE_DOCS=1 writes its tables anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "worker/run_worker_tools.hpp"

namespace noetl {

namespace {

const char* const docs = NOETL_SOURCE_DIR "/docs/tools.md";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string table_of(const tools::Tool& tool) {
  std::string table = "\n| option | value | meaning |\n| --- | --- | --- |\n";
  for (const auto& option : tool.options()) {
    table += "| `" + std::string(option.name) + "` | " + escaped(option.type) + " | " +
             escaped(option.meaning) + " |\n";
  }
  return table;
}

config::WorkerSettings settings() {
  config::WorkerSettings worker;
  worker.slots = 1;
  worker.python = "python3";
  worker.nats.url = "none";
  return worker;
}

}  // namespace

TEST_CASE("docs/tools.md has the options of every tool") {
  tools::Registry registry;
  worker::add_tools(registry, settings());
  std::ifstream file(docs);
  std::stringstream whole;
  whole << file.rdbuf();
  std::string text = whole.str();
  const std::string before = text;
  std::string missing;
  for (const std::string& kind : registry.kinds()) {
    const std::string begin = "<!-- options of " + kind + " -->\n";
    const std::string end = "<!-- end of options -->";
    const std::size_t from = text.find(begin);
    if (from == std::string::npos) missing += " " + kind;
    if (from == std::string::npos || registry.find(kind)->options().empty()) continue;
    const std::size_t to = text.find(end, from);
    REQUIRE(to != std::string::npos);
    text.replace(from + begin.size(), to - from - begin.size(), table_of(*registry.find(kind)) + "\n");
  }
  CHECK_MESSAGE(missing.empty(), "docs/tools.md has no section of:", missing);

  if (std::getenv("NOETL_REWRITE_DOCS") != nullptr) std::ofstream(docs) << text;

  CHECK_MESSAGE(text == before, "run NOETL_REWRITE_DOCS=1 tests/tools_docs_unit in the build folder");
}

TEST_CASE("a setting that names tools is refused when it cannot be read") {
  tools::Registry registry;
  config::WorkerSettings worker = settings();
  worker.tool_exec = "resize=/usr/bin/true,http=/usr/bin/true";

  CHECK_THROWS_WITH(worker::add_tools(registry, worker),
                    "setting tool-exec names 'http', which is a tool of the worker already");
  worker.tool_exec = "resize";
  tools::Registry second;
  CHECK_THROWS(worker::add_tools(second, worker));
  worker.tool_exec = "resize=/usr/bin/true";
  tools::Registry third;
  worker::add_tools(third, worker);
  CHECK(third.find("resize") != nullptr);
}

}  // namespace noetl
