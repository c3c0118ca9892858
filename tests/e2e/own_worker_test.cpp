// The worker of docs/guides/write-a-worker.md, as it stands there: examples/worker.py against a stack.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <csignal>
#include <fstream>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {
StackSettings without_workers() { return {.workers = 0, .env = {{"NATS_URL", "none"}}}; }

struct OwnWorker {
  explicit OwnWorker(const Stack& stack, const std::string& name,
                     const std::string& program = NOETL_SOURCE_DIR "/examples/worker.py")
      : log(stack.folder().path() / (name + ".log")),
        process({.command = {"python3", program},
                 .env = {{"SERVER_API_URL", stack.api().url()}, {"PATH", "/usr/local/bin:/usr/bin:/bin"}},
                 .log_file = log,
                 .work_folder = {},
                 .user = {}}) {}
  [[nodiscard]] std::string said() const { return read_text(log); }

  std::filesystem::path log;
  Process process;
};

Json greet(const Json& input) { return {{"tool", {{"kind", "greet"}}}, {"pool", "greeters"}, {"input", input}}; }

Json command(const Stack& stack, const std::string& id) { return stack.api().get("/api/v2/commands/" + id).json(); }

void wait_for_status(const Stack& stack, const std::string& id, const std::string& status) {
  wait_until("command to be " + status, 20s, [&] { return command(stack, id).at("status") == status; });
}

// The same program with work that takes a while, unless it is lost.
std::string slow_program(const Stack& stack) {
  std::string text = read_text(NOETL_SOURCE_DIR "/examples/worker.py");
  const std::string work = "    return {\"greeting\"";
  const auto at = text.find(work);
  REQUIRE(at != std::string::npos);
  text.insert(at,
              "    for _ in range(int(input.get('seconds', 0) * 20)):\n        if lease['is_lost']: break\n        "
              "time.sleep(0.05)\n");
  const auto path = stack.folder().path() / "slow_worker.py";
  std::ofstream(path) << text;
  return path;
}
}  // namespace

TEST_CASE("the program that docs/guides/write-a-worker.md shows is examples/worker.py") {
  const std::string page = read_text(NOETL_SOURCE_DIR "/docs/guides/write-a-worker.md");
  CHECK(page.find("```python\n" + read_text(NOETL_SOURCE_DIR "/examples/worker.py") + "```\n") != std::string::npos);
}

TEST_CASE("a worker of one's own runs commands; its word on retrying is obeyed; it drains when asked, and on SIGTERM") {
  Stack stack(without_workers());
  OwnWorker worker(stack, "own");

  const auto ids = stack.enqueue({greet({{"who", "Ada"}}), greet({{"whom", "nobody"}})});
  wait_for_status(stack, ids[0], "done");
  CHECK(command(stack, ids[0]).at("result").at("greeting") == "Hello Ada");
  // What it raised says `retryable: false`: one attempt, whatever is left.
  wait_for_status(stack, ids[1], "dead");
  const auto dead = command(stack, ids[1]);
  CHECK(dead.at("attempts") == 1);
  CHECK(dead.at("max_attempts") == 3);
  CHECK(dead.at("error").at("retryable") == false);
  CHECK(stack.sql_number("select count(*) from noetl.dead_letter where queue_id = " + ids[1]) == 1);

  const auto name = stack.sql("select worker_id from noetl.worker where pool = 'greeters'").at(0).at(0);
  CHECK(stack.api().post("/api/v2/workers/" + name + "/drain", Json::object()).status == 200);
  CHECK(worker.process.wait(20s) == 0);
  CHECK(stack.sql_number("select count(*) from noetl.worker where status = 'stopped'") == 1);

  OwnWorker second(stack, "second");
  wait_until("it to register", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.worker where status = 'ready'") == 1; });
  second.process.send(SIGTERM);
  CHECK(second.process.wait(20s) == 0);
}

TEST_CASE("its heartbeats keep long work; when it is killed another one goes on; what was lost is not reported") {
  Stack stack(StackSettings{
      .workers = 0, .env = {{"NATS_URL", "none"}, {"NOETL_LEASE", "1s"}, {"NOETL_HEARTBEAT_INTERVAL", "100ms"}}});
  const auto program = slow_program(stack);
  auto first = std::make_unique<OwnWorker>(stack, "first", program);
  const auto kept = stack.enqueue({greet({{"who", "Ada"}, {"seconds", 3}})}).front();
  wait_for_status(stack, kept, "done");
  CHECK(command(stack, kept).at("attempts") == 1);

  const auto moved = stack.enqueue({greet({{"who", "Bob"}, {"seconds", 3}})}).front();
  wait_for_status(stack, moved, "running");
  first->process.kill();
  const OwnWorker second(stack, "second", program);
  wait_for_status(stack, moved, "done");
  CHECK(command(stack, moved).at("attempts") == 2);

  const auto cancelled = stack.enqueue({greet({{"who", "Cid"}, {"seconds", 20}})}).front();
  wait_for_status(stack, cancelled, "running");
  CHECK(stack.api().post("/api/v2/commands/" + cancelled + "/cancel", Json::object()).status == 200);
  wait_until("the worker to learn it", 10s,
             [&] { return second.said().find(cancelled + " lost") != std::string::npos; });
}

TEST_CASE("it outlives the server: no answer is repeated, and who is not known registers again") {
  Stack stack(without_workers());
  const OwnWorker worker(stack, "own");
  const auto before = stack.enqueue({greet({{"who", "Ada"}})}).front();
  wait_for_status(stack, before, "done");

  stack.server().kill();
  (void)stack.sql("update noetl.worker set status = 'lost', lease_until = now() - interval '1 minute'");
  stack.restart_server(0);

  const auto after = stack.enqueue({greet({{"who", "Bob"}})}).front();
  wait_for_status(stack, after, "done");
}
