// noetl.enqueue from the caller's commit to the end of its command: with NATS, without, at any server.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "test_paths.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {
// Looks so rarely by itself that what begins at once began because its commit was heard.
const std::map<std::string, std::string> rare_looks{{"NOETL_UPKEEP_INTERVAL", "1m"}};
std::map<std::string, std::string> without_nats() {
  auto env = rare_looks;
  env["NATS_URL"] = "none";
  return env;
}

bool is_listening(const Stack& stack, std::size_t server = 0) {
  return stack.api(server).get("/metrics").body.find("noetl_enqueue_listening 1\n") != std::string::npos;
}

std::int64_t done(const Stack& stack) {
  return stack.sql_number("select count(*) from noetl.queue where status = 'done'");
}

void enqueue_and_wait(const Stack& stack, int rounds) {
  for (int round = 1; round <= rounds; ++round) {
    (void)stack.sql(R"(begin; select noetl.enqueue('{"kind": "noop"}'); commit)");
    wait_until("the command is done", 5s, [&] { return done(stack) == round; });
  }
}

std::int64_t slowest_start_ms(const Stack& stack) {
  return stack.sql_number("select (extract(epoch from max(claimed_at - created_at)) * 1000)::bigint from noetl.queue");
}
}  // namespace

TEST_CASE("a committed command runs within a second, and one that was rolled back never") {
  const Stack stack(StackSettings{.workers = 1, .env = rare_looks});
  wait_until("the server listens", 5s, [&] { return is_listening(stack); });

  enqueue_and_wait(stack, 10);
  (void)stack.sql(R"(begin; select noetl.enqueue('{"kind": "noop"}'); rollback)");

  CHECK(slowest_start_ms(stack) < 1000);
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 10);
}

TEST_CASE(
    "a server that is told to do without NATS is ready, says none, and has no metric that an alert on NATS looks at") {
  Stack stack(StackSettings{.workers = 0, .env = without_nats()});

  const auto ready = stack.api().get("/readyz");
  CHECK(ready.status == 200);
  CHECK(ready.json().at("status") == "ok");
  CHECK(ready.json().at("nats") == "none");
  CHECK(ready.json().at("message").is_null());
  CHECK(stack.api().get("/health").json().at("nats") == "none");
  CHECK(stack.api().get("/metrics").body.find("noetl_nats_connected") == std::string::npos);
  CHECK(stack.server().log().find("component=notify") == std::string::npos);
}

TEST_CASE("without NATS it runs within a second as well, whichever server the worker polls") {
  Stack stack(StackSettings{.servers = 2, .workers = 0, .env = without_nats()});
  wait_until("both listen", 5s, [&] { return is_listening(stack, 0) && is_listening(stack, 1); });
  stack.start_worker({{"SERVER_API_URL", stack.api(1).url()}});

  enqueue_and_wait(stack, 10);

  CHECK(slowest_start_ms(stack) < 1000);
}

TEST_CASE("after Postgres has cut every connection what is committed still runs") {
  const Stack stack(StackSettings{.workers = 1, .env = {}});
  wait_until("the server listens", 5s, [&] { return is_listening(stack); });

  shared_postgres().terminate_backends();
  enqueue_and_wait(stack, 1);

  wait_until("the server listens again", 15s, [&] { return is_listening(stack); });
}

TEST_CASE("20,000 commands of one transaction are all done, once each, and the doctor finds nothing") {
  const Stack stack(StackSettings{.workers = 2, .worker_slots = 256, .env = {}});
  const std::string ten_thousand =
      R"(select count(*) from noetl.enqueue_many((select jsonb_agg('{"tool": {"kind": "noop"}}'::jsonb) )"
      "from generate_series(1, 10000)));";

  (void)stack.sql("begin; " + ten_thousand + ten_thousand + "commit");

  wait_until("all done", 60s, [&] { return done(stack) == 20'000; });
  CHECK(stack.sql_number("select count(*) from noetl.queue where attempts = 1") == 20'000);
  // Its exit code is of the cluster too, which these tests run without fsync.
  const auto answer =
      Json::parse(run_program({.command = {"sh", "-c", NOETL_BIN_DIR "/noetlctl -o json doctor --deep; true"},
                               .env = {{"NOETL_DATABASE_URL", stack.database_url()}, {"NATS_URL", "none"}},
                               .log_file = {},
                               .work_folder = {},
                               .user = {}},
                              60s));
  int rules = 0;
  for (const auto& check : answer.at("checks")) {
    if (check.at("rule") == "" && check.at("check") != "counters of the queue") continue;
    INFO(check.dump());
    CHECK(check.at("status") == "ok");
    ++rules;
  }
  CHECK(rules > 10);
}

TEST_CASE("what fails at every attempt is a dead letter, and is redriven") {
  const Stack stack;
  (void)stack.sql(
      R"(select noetl.enqueue('{"kind": "shell", "command": "exit 7"}', max_attempts => 2, retry => '{"backoff": "none"}'))");

  Json letters;
  wait_until("the letter", 10s, [&] {
    letters = stack.api().get("/api/v2/dead").json().at("letters");
    return letters.size() == 1;
  });

  CHECK(letters[0].at("attempts") == 2);
  CHECK(letters[0].at("error_kind") == "exit_code");
  const auto redriven = stack.api()
                            .post("/api/v2/dead/redrive", {{"queue_ids", {letters[0].at("queue_id")}},
                                                           {"edit", {{"tool", {{"command", "true"}}}}}})
                            .json();
  CHECK(redriven.at("count") == 1);
  wait_until("it is done", 10s, [&] { return done(stack) == 1; });
}
