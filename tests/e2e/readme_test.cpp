// The commands that README.md and docs show, run as they stand against a stack. A block of README.md is tested when the line
// before its fence is `<!-- test: curl session -->`; those of docs say `<!-- test -->`, or what they need that no test has.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> marked_blocks(const std::string& text, const std::string& mark) {
  std::vector<std::string> blocks;
  std::istringstream lines(text);
  bool is_marked = false;
  bool is_inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (is_inside && line.starts_with("```")) {
      is_inside = is_marked = false;
    } else if (is_inside) {
      blocks.back() += line + "\n";
    } else if (is_marked && line.starts_with("```sh")) {
      is_inside = true;
      blocks.emplace_back();
    } else if (!line.empty()) {
      is_marked = line == "<!-- " + mark + " -->";
    }
  }
  return blocks;
}

std::string with_port(std::string text, const std::string& port) {
  for (const std::string host : {"localhost:8082", "127.0.0.1:8082"}) {
    for (std::size_t at = text.find(host); at != std::string::npos; at = text.find(host, at + 1)) {
      text.replace(at, host.size(), "127.0.0.1:" + port);
    }
  }
  return text;
}

// One after another in one shell; the first command that fails ends it.
std::string run_blocks(const std::vector<std::string>& blocks, Stack& stack, const std::filesystem::path& folder) {
  const auto url = stack.api().url();
  std::string script =
      "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\ncurl() { command curl "
      "--fail-with-body -sS \"$@\"; }\n";
  for (const auto& block : blocks) script += with_port(block, url.substr(url.rfind(':') + 1));
  return run_program({.command = {"bash", "-c", script},
                      .env = {{"SERVER_API_URL", url},
                              {"NATS_URL", stack.nats().url()},
                              {"NOETL_DATABASE_URL", PostgresCluster::as_server(stack.database_url())},
                              {"PATH", NOETL_BIN_DIR ":/usr/local/bin:/usr/bin:/bin:/usr/sbin"}},
                      .log_file = {},
                      .work_folder = folder,
                      .user = {}},
                     60s);
}

std::vector<std::filesystem::path> documents() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(NOETL_SOURCE_DIR "/docs"))
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

// The lines before shell blocks that say neither `test` nor `needs: …`.
std::vector<std::string> unmarked_blocks(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  std::string before;
  for (std::string line; std::getline(lines, line);) {
    const bool is_marked = before == "<!-- test -->" || before.starts_with("<!-- needs: ");
    if (line.starts_with("```sh") && !is_marked) found.push_back(before);
    if (!line.empty()) before = line;
  }
  return found;
}

}  // namespace

TEST_CASE("marked blocks are found, others are not") {
  const std::string text =
      "a\n<!-- test: x -->\n```sh\none\ntwo\n```\n```sh\nnot this\n```\n<!-- test: y -->\n```sh\nnor "
      "this\n```\n";

  CHECK(marked_blocks(text, "test: x") == std::vector<std::string>{"one\ntwo\n"});
}

TEST_CASE("the curl session of README.md works as printed") {
  const auto blocks =
      marked_blocks(read_text(std::filesystem::path(NOETL_SOURCE_DIR) / "README.md"), "test: curl session");
  REQUIRE_MESSAGE(!blocks.empty(), "README.md has no block after <!-- test: curl session -->");
  Stack stack;

  const auto output = run_blocks(blocks, stack, NOETL_SOURCE_DIR);

  CHECK(!output.empty());
  // Whatever the session started has ended well.
  wait_until("the end of what was started", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.execution where status = 'running'") == 0; });
  CHECK(stack.sql_number("select count(*) from noetl.execution where status <> 'completed'") == 0);
  CHECK(stack.sql_number("select count(*) from noetl.execution") +
            stack.sql_number("select count(*) from noetl.queue") >
        0);
}

TEST_CASE("the session with noetlctl works as printed, and shows results") {
  const auto blocks =
      marked_blocks(read_text(std::filesystem::path(NOETL_SOURCE_DIR) / "README.md"), "test: noetlctl session");
  REQUIRE(!blocks.empty());
  Stack stack;

  const auto output = run_blocks(blocks, stack, NOETL_SOURCE_DIR);

  CAPTURE(output);
  CHECK(output.find("COMPLETED") != std::string::npos);
  CHECK(output.find("42") != std::string::npos);
}

TEST_CASE("every block of README.md is run here") {
  std::istringstream lines(read_text(std::filesystem::path(NOETL_SOURCE_DIR) / "README.md"));
  std::string before;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```sh")) CHECK(before.starts_with("<!-- test: "));
    if (!line.empty()) before = line;
  }
}

TEST_CASE("every command of docs is run here, or says what it needs") {
  for (const auto& document : documents()) {
    CAPTURE(document);
    CHECK(unmarked_blocks(read_text(document)).empty());
  }
}

TEST_CASE("the commands of docs work as printed") {
  int tested = 0;
  for (const auto& document : documents()) {
    const auto blocks = marked_blocks(read_text(document), "test");
    if (blocks.empty()) continue;
    CAPTURE(document);
    const TemporaryFolder folder("noetl-docs");
    Stack stack;
    CHECK_NOTHROW(run_blocks(blocks, stack, folder.path()));
    ++tested;
  }
  CHECK(tested >= 2);
}
