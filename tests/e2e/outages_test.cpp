// Parts of the stack go away and come back: nothing is lost and everything heals by itself. Every test
// ends by proving recovery.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "tests/e2e/fixtures.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::e2e;
using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const Json noop{{"tool", {{"kind", "noop"}}}};
Json shell(const std::string& command) { return {{"tool", {{"kind", "shell"}, {"command", command}}}}; }

void wait_until_done(const Stack& stack, int total, std::chrono::milliseconds patience = 20s) {
  wait_until(std::to_string(total) + " commands done", patience,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == total; });
}

bool has_nats(const Stack& stack) {
  const auto answer = stack.api().get("/readyz");
  return answer.status == 200 && answer.body.find("degraded") == std::string::npos;
}

bool has_stream_and_consumer(Stack& stack) {
  return stack.nats().request("$JS.API.STREAM.INFO.NOETL_COMMANDS").contains("config") &&
         stack.nats().request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS.noetl-worker-pool").contains("config");
}

int delivered(Stack& stack) {
  return stack.nats()
      .request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS.noetl-worker-pool")
      .at("delivered")
      .at("consumer_seq")
      .get<int>();
}

// Notifications work: a command is started by its notification, not by a sweep.
void check_notifications(Stack& stack) {
  const int before = delivered(stack);
  const auto id = stack.enqueue({noop}).at(0);
  wait_until("a command by its notification", 10s, [&] {
    return delivered(stack) > before &&
           stack.sql_number("select count(*) from noetl.queue where status = 'done' and queue_id = " + id) == 1;
  });
}

struct Use {
  double cpu_seconds = 0;
  std::int64_t lines = 0;  // of its log
};

Use use_of(const Process& process) {
  const auto log = process.log();
  std::istringstream stat(read_text("/proc/" + std::to_string(process.pid()) + "/stat"));
  std::string word;
  while (stat >> word && !word.ends_with(')')) continue;
  double user = 0, system = 0;
  for (int field = 3; field <= 13 && stat >> word; ++field) continue;
  stat >> user >> system;  // fields 14 and 15 of proc(5)
  return {.cpu_seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)),
          .lines = std::count(log.begin(), log.end(), '\n')};
}

}  // namespace

TEST_CASE("a server killed between commit and publish loses no command") {
  Stack stack(StackSettings{.is_server_started = false, .env = {}});
  stack.start_server({{"NOETL_TEST_CRASH_AFTER_COMMIT", "1"}});

  CHECK_THROWS_AS((void)stack.enqueue({noop}), HttpFailed);
  CHECK(stack.server().wait(10s) != 0);
  CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'queued'") == 1);
  stack.restart_server(0);
  stack.start_worker();

  wait_until_done(stack, 1, 10s);
}

TEST_CASE("an execute that crashed after its commit gives the same execution when repeated with its key") {
  Stack stack(StackSettings{.is_server_started = false, .env = {}});
  stack.start_server();
  stack.register_playbook(playbook_of_three_steps());
  stack.server().kill();
  stack.restart_server(0, {{"NOETL_TEST_CRASH_AFTER_COMMIT", "1"}});
  const Json body{{"path", "e2e/three_steps"}};

  CHECK_THROWS_AS((void)stack.api().post("/api/v2/execute", body, {{"Idempotency-Key", "once"}}), HttpFailed);
  stack.server().wait(10s);
  stack.restart_server(0);
  stack.start_worker();
  const auto again = stack.api().post("/api/v2/execute", body, {{"Idempotency-Key", "once"}});

  CHECK(again.status / 100 == 2);
  CHECK(stack.wait_for_execution(again.json().at("execution_id")).at("status") == "COMPLETED");
  CHECK(stack.sql_number("select count(*) from noetl.execution") == 1);
}

TEST_CASE("a server killed with commands running comes back, and the worker goes on") {
  Stack stack;
  stack.enqueue(std::vector<Json>(4, shell("sleep 1.5")));
  wait_until("commands running", 5s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'running'") == 4; });

  stack.server().kill();
  stack.restart_server(0);

  wait_until_done(stack, 4);
  check_notifications(stack);
}

TEST_CASE("without nats-server enqueueing and running go on, and notifications come back") {
  Stack stack;
  stack.enqueue({noop});
  wait_until_done(stack, 1);

  stack.nats().stop();
  wait_until("the server's notice", 10s, [&] { return !has_nats(stack); });
  CHECK(stack.api().get("/readyz").status == 200);
  for (int i = 0; i < 10; ++i) stack.enqueue({noop, noop});
  wait_until_done(stack, 21);
  stack.nats().start();

  wait_until("the server's notice", 15s, [&] { return has_nats(stack); });
  check_notifications(stack);
  CHECK(stack.sql_number("select count(*) from noetl.queue where attempts <> 1") == 0);
}

// NOETL_TEST_OUTAGE_SECONDS=600 is the long form.
TEST_CASE(
    "programs bear a long outage of NATS: few log lines, little CPU, work goes on, and notifications come back at "
    "once") {
  const char* asked = std::getenv("NOETL_TEST_OUTAGE_SECONDS");
  const std::chrono::seconds outage(asked == nullptr ? 5 : std::atoi(asked));
  Stack stack(StackSettings{.workers = 1, .env = {{"NOETL_LOG_LEVEL", "info"}}});
  stack.start_worker({{"NOETL_WORKER_TRANSPORT", "nats"}, {"NOETL_WORKER_ID", "over-nats"}});
  check_notifications(stack);
  const std::vector<Process*> programs{&stack.server(), &stack.worker(0), &stack.worker(1)};

  stack.nats().stop();
  wait_until("the loss is noticed", 10s, [&] { return !has_nats(stack); });
  std::vector<Use> before;
  for (auto* program : programs) before.push_back(use_of(*program));
  const auto began = std::chrono::steady_clock::now();
  CHECK(holds_for(outage, [&] { return stack.server().is_running(); }));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const auto after = use_of(*programs[i]);
    const double lines = static_cast<double>(after.lines - before[i].lines) / seconds;
    const double percent = (after.cpu_seconds - before[i].cpu_seconds) / seconds * 100;
    CAPTURE(i);
    CAPTURE(lines);
    CAPTURE(percent);
    CHECK(lines <= 1.0);
    // Of one processor. The server answers the long polls of workers meanwhile, and the statements of this test are not its own.
    CHECK(percent < 1.0);
    MESSAGE("program " << i << ": " << lines << " lines a second, " << percent << " % CPU in " << seconds << " s");
  }
  const auto id = stack.enqueue({noop}).at(0);
  wait_until("a command is done meanwhile", 10s, [&] {
    return stack.sql_number("select count(*) from noetl.queue where status = 'done' and queue_id = " + id) == 1;
  });

  stack.nats().start();
  const int delivered_before = delivered(stack);
  wait_until("notifications are used again", 2s, [&] {
    stack.enqueue({noop});
    return delivered(stack) > delivered_before;
  });
  wait_until("the worker over NATS is back as well", 10s, [&] {
    return stack.sql_number(
               "select count(*) from noetl.worker where worker_id = 'over-nats' and lease_until > now()") == 1;
  });
}

TEST_CASE("a server starts and works without nats-server, and finds it later") {
  Stack stack(StackSettings{.is_server_started = false, .env = {}});
  stack.nats().stop();

  stack.start_server();
  stack.start_worker();
  stack.enqueue(std::vector<Json>(5, noop));
  wait_until_done(stack, 5);
  stack.nats().start();

  wait_until("stream and consumer", 15s, [&] { return has_stream_and_consumer(stack); });
  wait_until("the worker's way back to NATS", 20s,
             [&] { return stack.worker().log().find("Subscribed to") != std::string::npos; });
  check_notifications(stack);
}

TEST_CASE("a nats-server without JetStream is complained of once, and work goes on") {
  const int port = free_port();
  const Process nats({.command = {find_program("nats-server").string(), "-a", "127.0.0.1", "-p", std::to_string(port)},
                      .env = {},
                      .log_file = {},
                      .work_folder = {},
                      .user = {}});
  Stack stack(StackSettings{.env = {{"NATS_URL", "nats://127.0.0.1:" + std::to_string(port)}}});
  const auto lines = [&](const std::string& text) {
    const auto log = stack.worker().log();
    int count = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
    return count;
  };

  wait_until("the complaint", 10s, [&] { return lines("no notifications") == 1; });
  auto later = noop;
  later["delay"] = 3;
  stack.enqueue({noop, later});
  wait_until_done(stack, 2);

  CHECK(lines("no notifications") == 1);
  CHECK(lines("Subscribed to") <= 1);
}

TEST_CASE("a consumer or a stream that was deleted is made again, and nothing is lost meanwhile") {
  Stack stack;
  wait_until("stream and consumer", 20s, [&] { return has_stream_and_consumer(stack); });

  SUBCASE("the consumer") {
    CHECK(stack.nats().request("$JS.API.CONSUMER.DELETE.NOETL_COMMANDS.noetl-worker-pool").at("success") == true);
  }
  SUBCASE("the stream") { CHECK(stack.nats().request("$JS.API.STREAM.DELETE.NOETL_COMMANDS").at("success") == true); }

  for (int i = 0; i < 5; ++i) stack.enqueue({noop, noop});
  wait_until_done(stack, 10);
  wait_until("stream and consumer", 20s, [&] { return has_stream_and_consumer(stack); });
  check_notifications(stack);
}

TEST_CASE("garbage among the notifications holds no slot and hurts nobody") {
  Stack stack(StackSettings{.worker_slots = 2, .env = {}});

  for (const std::string garbage :
       {"", "{", "[]", "\xff\xfe", R"({"queue_id":"x"})", R"({"queue_id":"-1"})", R"({"queue_id":"99999999"})"}) {
    stack.nats().publish("noetl.commands", garbage);
  }
  stack.nats().publish("noetl.commands", std::string(100'000, 'x'));

  check_notifications(stack);
  wait_until("nothing left unacknowledged", 15s, [&] {
    const auto info = stack.nats().request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS.noetl-worker-pool");
    return info.at("num_ack_pending") == 0 && info.at("num_pending") == 0;
  });
}

TEST_CASE("while Postgres is away requests get 503 with Retry-After, and everything recovers") {
  Stack stack;
  stack.register_playbook(playbook_of_three_steps());
  stack.enqueue({shell("sleep 1")});
  wait_until("the command running", 5s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'running'") == 1; });

  shared_postgres().stop();
  wait_until("readiness to fail", 10s, [&] { return stack.api().get("/readyz").status == 503; });
  CHECK(stack.api().get("/livez").status == 200);
  const auto refused = stack.api().post("/api/v2/execute", {{"path", "e2e/three_steps"}});
  CHECK(refused.status == 503);
  CHECK(refused.code() == "unavailable");
  CHECK(!refused.header("Retry-After").empty());
  shared_postgres().start();

  wait_until("readiness", 10s, [&] { return stack.api().get("/readyz").status == 200; });
  CHECK(stack.wait_for_execution(stack.execute("e2e/three_steps", Json::object())).at("status") == "COMPLETED");
  wait_until("the command that was running", 15s, [&] {
    return stack.sql_number("select count(*) from noetl.queue where status = 'done' and execution_id is null") == 1;
  });
  CHECK(stack.server().is_running());
  CHECK(stack.worker().is_running());
}

TEST_CASE("connections that Postgres cuts are replaced") {
  Stack stack;

  for (int round = 0; round < 3; ++round) {
    shared_postgres().terminate_backends();
    wait_until("an enqueue that is accepted", 10s,
               [&] { return stack.api().post("/api/v2/commands", noop).status / 100 == 2; });
  }

  wait_until("all done", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status <> 'done'") == 0; });
  CHECK(stack.sql_number("select count(*) from noetl.queue") >= 3);
}

TEST_CASE("a second server takes over when the one with the upkeep dies") {
  Stack stack(StackSettings{.servers = 2, .workers = 0, .env = {}});
  stack.start_worker({{"SERVER_API_URL", stack.api(1).url()}});

  stack.server(0).kill();
  const auto answer = stack.api(1).post("/api/v2/commands", {{"tool", {{"kind", "noop"}}}, {"delay_ms", 500}});

  CHECK(answer.status / 100 == 2);
  wait_until_done(stack, 1, 10s);
}
