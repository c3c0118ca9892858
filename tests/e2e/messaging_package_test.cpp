// The installed library noetl-messaging in a program outside the tree, as docs/guides/follow-events.md says, against a running product.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "test_paths.hpp"
#include "tests/e2e/fixtures.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace noetl::e2e;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::string block_of_guide() {
  const auto guide = read_text(std::filesystem::path(NOETL_SOURCE_DIR) / "docs/guides/follow-events.md");
  const std::string mark = "messaging_package_test.cpp runs it -->\n```sh\n";
  const auto begin = guide.find(mark) + mark.size();
  return guide.substr(begin, guide.find("```", begin) - begin);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

struct Follower {
  Stack stack{StackSettings{.env = {{"NOETL_PUBLISH_EVENTS", "on"}}}};
  TemporaryFolder folder{"noetl-follow"};
  std::string path;

  Follower() {
    wait_until("the first look", 20s, [&] { return stack.sql_number("select count(*) from noetl.checkpoint") == 1; });
    path = stack.register_playbook(playbook_of_three_steps());
  }
  std::string run(const std::string& script) const {
    return run_program(
        {.command = {"bash", "-c", "set -euo pipefail\n" + script},
         .env = {{"HOME", folder.path().string()}, {"NATS_URL", stack_url()}, {"SERVER_API_URL", stack.api().url()}},
         .log_file = {},
         .work_folder = folder.path(),
         .user = {}},
        300s);
  }
  [[nodiscard]] std::string stack_url() const { return const_cast<Stack&>(stack).nats().url(); }
  void execute(int count) const {
    for (int i = 0; i < count; ++i) (void)stack.wait_for_execution(stack.execute(path, json::object()));
  }
  [[nodiscard]] std::int64_t stored() const {
    return stack.sql_number("select count(*) from noetl.event where execution_id is not null");
  }
  void wait_for_stream() {
    wait_until("every event in the stream", 20s, [&] {
      return stack.nats().request("$JS.API.STREAM.INFO.NOETL_EVENTS").at("state").at("last_seq") == stored();
    });
  }
};

std::vector<std::string> ids_in(const std::string& output) {
  std::vector<std::string> ids;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" e2e/three_steps ") != std::string::npos) ids.push_back(line.substr(0, line.find(' ')));
  }
  return ids;
}

}  // namespace

TEST_CASE(
    "a program outside the tree builds against the installed package, and follows events over restarts and gaps") {
  Follower follower;
  follower.execute(3);
  follower.wait_for_stream();
  auto script =
      replaced(block_of_guide(), "build/release", std::filesystem::path(NOETL_BIN_DIR).parent_path().string());
  script = replaced(script, "examples/messaging", NOETL_SOURCE_DIR "/examples/messaging");
  auto ids = ids_in(follower.run(script));
  CHECK(ids.size() == 10);

  // While it is away the stream loses what it has not read.
  follower.execute(3);
  follower.wait_for_stream();
  const auto last = follower.stored();
  (void)follower.stack.nats().request("$JS.API.STREAM.PURGE.NOETL_EVENTS", json{{"seq", last - 2}}.dump());
  const auto rest = ids_in(follower.run("follow/follow-events audit " + std::to_string(last - 10)));
  ids.insert(ids.end(), rest.begin(), rest.end());
  std::vector<std::string> expected;
  for (const auto& row : follower.stack.sql("select event_id from noetl.event where execution_id is not null"))
    expected.push_back(row.at(0));
  std::ranges::sort(ids);
  std::ranges::sort(expected);
  CHECK(ids == expected);
}
