// Which kinds of steps a worker runs is its setting `tools`; those that run any program must be named.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "steps.hpp"

using namespace noetl::support;
using namespace noetl::security;

TEST_CASE(
    "a worker that was told nothing runs neither shell nor container nor programs of tool-exec, and says which "
    "setting") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.start_worker({{"NOETL_TOOLS", ""}, {"NOETL_TOOL_EXEC", "own=/bin/true"}});

  for (const Json& tool : {Json{{"kind", "shell"}, {"command", "echo ran"}},
                           Json{{"kind", "container"}, {"image", "debian"}}, Json{{"kind", "own"}}}) {
    const Json ended = run(stack, {{"tool", tool}, {"max_attempts", 1}});
    CHECK(ended.at("status") == "dead");
    CHECK(ended.dump().find("NOETL_TOOLS") != std::string::npos);
    CHECK(ended.dump().find("unsupported") != std::string::npos);
  }
  CHECK(run(stack, python("result = 1")).at("result") == 1);
  const std::string workers = stack.api().get("/api/v2/workers").body;
  CHECK(workers.find("python") != std::string::npos);
  CHECK(workers.find("shell") == std::string::npos);
}

TEST_CASE("a worker runs the kinds that it names and no other") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.start_worker({{"NOETL_TOOLS", "shell,noop"}});

  CHECK(run(stack, shell("echo ran")).at("result").at("stdout") == "ran\n");
  const Json refused = run(stack, python("result = 1"));
  CHECK(refused.at("status") == "dead");
  CHECK(refused.dump().find("no 'python' steps") != std::string::npos);
}

TEST_CASE("a kind that does not exist keeps the worker from starting") {
  Stack stack(StackSettings{.workers = 0, .env = {}});

  CHECK_THROWS_WITH(stack.start_worker({{"NOETL_TOOLS", "shel"}}), doctest::Contains("setting tools names 'shel'"));
}
