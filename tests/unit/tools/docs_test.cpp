// docs/reference/tools.md is what the tools say of themselves. NOETL_REWRITE_DOCS=1 writes its tables anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "shared/domain/error_details.hpp"
#include "shared/domain/error_kinds.hpp"
#include "test_paths.hpp"
#include "worker/run_worker_tools.hpp"
#include "worker/tools/builtin/absent_tools.hpp"

namespace noetl {

namespace {

const char* const docs = NOETL_SOURCE_DIR "/docs/reference/tools.md";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string table_of(const tools::Tool& tool) {
  std::string table = "\n| option | value | meaning |\n| --- | --- | --- |\n";
  for (const auto& option : tool.options()) {
    table +=
        "| `" + std::string(option.name) + "` | " + escaped(option.type) + " | " + escaped(option.meaning) + " |\n";
  }
  return table;
}

std::string table_of_errors() {
  std::string table =
      "\n| kind of error | meaning | `retryable` | a step's `retry` repeats it |\n| --- | --- | --- | --- |\n";
  for (const auto& kind : domain::error_kinds) {
    table +=
        "| `" + std::string(kind.name) + "` | " + escaped(kind.meaning) + " | " + (kind.is_retryable ? "yes" : "no");
    if (!kind.exceptions.empty())
      table += std::string(kind.is_retryable ? "; no: " : "; yes: ") + escaped(kind.exceptions);
    table += kind.is_work_done || kind.is_refusal ? " | no |\n" : " | yes |\n";
  }
  return table;
}

std::string table_of_details() {
  std::string table = "\n| of an error | value | meaning |\n| --- | --- | --- |\n";
  for (const auto& detail : domain::error_details)
    table +=
        "| `" + std::string(detail.name) + "` | " + std::string(detail.type) + " | " + escaped(detail.meaning) + " |\n";
  return table;
}

std::string table_of_absent_kinds() {
  std::string table = "\n| kind | instead |\n| --- | --- |\n";
  for (const auto& absent : tools::absent_kinds())
    table += "| `" + std::string(absent.kind) + "` | " + escaped(absent.instead) + " |\n";
  return table;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream whole;
  whole << file.rdbuf();
  return whole.str();
}

struct Section {
  std::string begin, end, table;
};

void rewrite(std::string& text, const Section& section) {
  const std::size_t from = text.find(section.begin);
  REQUIRE_MESSAGE(from != std::string::npos, section.begin);
  const std::size_t to = text.find(section.end, from);
  REQUIRE_MESSAGE(to != std::string::npos, section.end);
  text.replace(from + section.begin.size(), to - from - section.begin.size(), section.table + "\n");
}

config::WorkerSettings settings() {
  config::WorkerSettings worker;
  worker.slots = 1;
  worker.python = "python3";
  worker.nats.url = "none";
  return worker;
}

}  // namespace

TEST_CASE("docs/reference/tools.md has the options of every tool and the kinds of errors") {
  tools::Registry registry;
  worker::add_tools(registry, settings());
  std::string text = text_of(docs);
  const std::string before = text;
  rewrite(text, {.begin = "<!-- kinds of errors -->\n", .end = "<!-- end of kinds -->", .table = table_of_errors()});
  rewrite(text,
          {.begin = "<!-- details of errors -->\n", .end = "<!-- end of details -->", .table = table_of_details()});
  rewrite(
      text,
      {.begin = "<!-- absent kinds -->\n", .end = "<!-- end of absent kinds -->", .table = table_of_absent_kinds()});
  std::string missing;
  for (const std::string& kind : registry.kinds()) {
    const std::string begin = "<!-- options of " + kind + " -->\n";
    if (text.find(begin) == std::string::npos) missing += " " + kind;
    if (text.find(begin) == std::string::npos || registry.find(kind)->options().empty()) continue;
    rewrite(text, {.begin = begin, .end = "<!-- end of options -->", .table = table_of(*registry.find(kind))});
  }
  CHECK_MESSAGE(missing.empty(), "docs/reference/tools.md has no section of:", missing);

  if (std::getenv("NOETL_REWRITE_DOCS") != nullptr) std::ofstream(docs) << text;

  CHECK_MESSAGE(text == before, "run NOETL_REWRITE_DOCS=1 tests/tools_docs_unit in the build folder");
}

TEST_CASE("every kind of error that the worker's code names is in the table") {
  const std::regex named(R"re((?:error_of\(|\.kind = )"([a-z_]+)")re");
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(NOETL_SOURCE_DIR "/worker")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = text_of(entry.path());
    for (std::sregex_iterator found(text.begin(), text.end(), named), end; found != end; ++found, ++count) {
      const std::string kind = (*found)[1];
      CHECK_MESSAGE(domain::is_error_kind(kind), entry.path().filename().string(), " names ", kind);
    }
  }
  CHECK(count > 50);
}

TEST_CASE("a kind that NoETL knows and that is not here says what to use instead, and is not offered") {
  tools::Registry registry;
  worker::add_tools(registry, settings());
  for (const auto& absent : tools::absent_kinds()) {
    tools::Tool* tool = registry.find(absent.kind);
    REQUIRE_MESSAGE(tool != nullptr, absent.kind);
    const auto result = tool->run({});
    CHECK(result.error->kind == "unsupported");
    CHECK(result.error->message.find(absent.instead) != std::string::npos);
    CHECK_FALSE(registry.has(absent.kind));
  }
  CHECK(registry.find("unheard_of") == nullptr);

  config::WorkerSettings worker = settings();
  worker.tool_exec = "snowflake=/usr/bin/true";
  tools::Registry own;
  worker::add_tools(own, worker);
  CHECK(own.has("snowflake"));
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
