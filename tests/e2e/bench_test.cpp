// noetlctl bench against a stack: what it measured is what was done, and nothing of it goes to another pool.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

std::string bench(const Stack& stack, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {NOETL_BIN_DIR "/noetlctl", "--server-url", stack.api().url(), "bench"});
  return run_program({.command = std::move(arguments), .env = {}, .log_file = {}, .work_folder = {}, .user = {}}, 60s);
}

Json bench_json(const Stack& stack, std::vector<std::string> arguments) {
  arguments.push_back("--json");
  return Json::parse(bench(stack, std::move(arguments)));
}

}  // namespace

TEST_CASE("a drain is over when all are done, and tells rates and waits") {
  const Stack stack(StackSettings{.workers = 1, .worker_slots = 64, .env = {}});

  const auto answer = bench_json(stack, {"drain", "--count", "2500", "--batch", "1000"});

  CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 2500);
  const auto& figures = answer.at("figures");
  CHECK(figures.at("ended_per_second").get<double>() > 0);
  CHECK(figures.at("claimed_p50_ms").get<double>() <= figures.at("ended_p99_ms").get<double>());
  CHECK(figures.at("waiting_before") == 0);
  CHECK(answer.at("left_behind").get<std::string>().find("2500 commands that ended") == 0);
  CHECK(answer.at("error").is_null());
}

TEST_CASE("an execute runs its own playbook three steps far, in batches too") {
  const Stack stack(StackSettings{.workers = 1, .worker_slots = 64, .env = {}});

  const auto answer = bench_json(stack, {"execute", "--count", "101", "--batch", "10"});

  CHECK(stack.sql_number("select count(*) from noetl.execution where status = 'completed'") == 101);
  CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 303);
  CHECK(answer.at("figures").at("steps_per_second").get<double>() ==
        doctest::Approx(3 * answer.at("figures").at("ended_per_second").get<double>()));
  CHECK(answer.at("left_behind").get<std::string>().find("playbook 'bench/three_steps/default'") == 0);
}

TEST_CASE("a latency is shown as a table, with what is left behind") {
  const Stack stack;

  const auto text = bench(stack, {"latency", "--count", "20", "--per-second", "200"});

  CHECK(text.find("from created to claimed, p99") != std::string::npos);
  CHECK(text.find("left behind: 20 commands that ended") != std::string::npos);
  CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 20);
}

TEST_CASE(
    "a pool of its own keeps the others' workers out, and one without workers is refused before anything is "
    "sent") {
  const Stack stack(StackSettings{.workers = 1, .env = {}});

  const auto answer = bench_json(stack, {"enqueue", "--count", "30", "--pool", "quiet"});

  CHECK(answer.at("left_behind").get<std::string>().find("30 commands in pool 'quiet', which wait for a worker") == 0);
  CHECK(stack.sql_number("select count(*) from noetl.queue where pool = 'quiet' and status = 'queued'") == 30);
  for (const std::string kind : {"drain", "execute", "latency"}) CHECK_THROWS(bench(stack, {kind, "--pool", "quiet"}));
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 30);
  CHECK(stack.sql_number("select count(*) from noetl.execution") == 0);
}
