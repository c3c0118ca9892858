// The commands that README.md shows, run as they stand against a stack. A block is tested when the line
// before its fence is `<!-- test: curl session -->`.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <sstream>

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
      is_marked = line == "<!-- test: " + mark + " -->";
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

}  // namespace

TEST_CASE("marked blocks are found, others are not") {
  const std::string text =
      "a\n<!-- test: x -->\n```sh\none\ntwo\n```\n```sh\nnot this\n```\n<!-- test: y -->\n```sh\nnor "
      "this\n```\n";

  CHECK(marked_blocks(text, "x") == std::vector<std::string>{"one\ntwo\n"});
}

TEST_CASE("the curl session of README.md works as printed") {
  const auto blocks =
      marked_blocks(read_text(std::filesystem::path(NOETL_SOURCE_DIR) / "README.md"), "curl session");
  REQUIRE_MESSAGE(!blocks.empty(), "README.md has no block after <!-- test: curl session -->");
  const Stack stack;
  const auto port = stack.api().url().substr(stack.api().url().rfind(':') + 1);

  std::string script = "set -euo pipefail\ncurl() { command curl --fail-with-body -sS \"$@\"; }\n";
  for (const auto& block : blocks) script += with_port(block, port);
  const auto output = run_program({.command = {"bash", "-c", script},
                                   .env = {{"SERVER_API_URL", stack.api().url()},
                                           {"PATH", NOETL_BIN_DIR ":/usr/local/bin:/usr/bin:/bin:/usr/sbin"}},
                                   .log_file = {},
                                   .work_folder = NOETL_SOURCE_DIR,
                                   .user = {}},
                                  60s);

  CHECK(!output.empty());
  // Whatever the session started has ended well.
  wait_until("the end of what was started", 20s, [&] {
    return stack.sql_number("select count(*) from noetl.execution where status = 'running'") == 0;
  });
  CHECK(stack.sql_number("select count(*) from noetl.execution where status <> 'completed'") == 0);
  CHECK(stack.sql_number("select count(*) from noetl.execution") +
            stack.sql_number("select count(*) from noetl.queue") >
        0);
}
