// Commands dispatched directly to waiting workers by real processes, and what becomes of them when one of both ends in between.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const Json noop{{"tool", {{"kind", "noop"}}}};

bool shows(const Stack& stack, const std::string& metric) {
  return stack.api().get("/metrics").body.find("\n" + metric + "\n") != std::string::npos;
}

void wait_until_waiting(const Stack& stack, int workers) {
  wait_until("workers wait", 15s, [&] { return shows(stack, "noetl_workers_waiting " + std::to_string(workers)); });
}

void wait_until_done(const Stack& stack, int commands, std::chrono::milliseconds patience = 15s) {
  wait_until("all done", patience,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == commands; });
}

}  // namespace

TEST_CASE("lone commands are dispatched directly to an idle worker") {
  const Stack stack;
  for (int i = 1; i <= 5; ++i) {
    wait_until_waiting(stack, 1);
    stack.enqueue({noop});
    wait_until_done(stack, i);
  }

  CHECK_FALSE(shows(stack, "noetl_direct_claims_total 0"));
  CHECK(stack.sql_number("select count(*) from noetl.queue where epoch = 1 and attempts = 1") == 5);
  CHECK(stack.sql_number("select count(*) from noetl.event_history where event_type = 'command.completed'") == 5);
}

TEST_CASE("a worker that was killed while it waited is handed nothing") {
  Stack stack(StackSettings{.workers = 2, .env = {}});
  wait_until_waiting(stack, 2);
  stack.worker(0).kill();

  for (int i = 0; i < 4; ++i) stack.enqueue({noop});

  // Sooner than its lease ends, which is after five seconds.
  wait_until_done(stack, 4, 2500ms);
  CHECK(stack.sql_number("select count(*) from noetl.queue where attempts = 1") == 4);
}

TEST_CASE(
    "a server that dies after it has claimed for a worker, and before it has said so, costs seconds and no "
    "attempt") {
  Stack stack(StackSettings{.workers = 0, .is_server_started = false, .env = {}});
  stack.start_server({{"NOETL_TEST_CRASH_AFTER_COMMIT", "1"}});
  stack.start_worker();
  wait_until_waiting(stack, 1);

  CHECK_THROWS_AS((void)stack.enqueue({noop}), HttpFailed);
  stack.server().wait(10s);
  CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'running'") == 1);
  stack.restart_server(0);

  wait_until_done(stack, 1);
  CHECK(stack.sql_number("select count(*) from noetl.queue where attempts = 1 and epoch >= 2") == 1);
}
