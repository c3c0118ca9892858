// The queue without playbooks: commands by the thousand, each done once, each counted.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const Json noop{{"tool", {{"kind", "noop"}}}};
Json shell(const std::string& command) { return {{"tool", {{"kind", "shell"}, {"command", command}}}}; }

std::string enqueue_one(const Stack& stack, const Json& command) {
  const auto answer = stack.api().post("/api/v2/commands", command);
  REQUIRE_MESSAGE(answer.status / 100 == 2, answer.body);
  return answer.json().at("queue_id");
}

Json wait_for_command(const Stack& stack, const std::string& queue_id) {
  Json command;
  wait_until("end of command " + queue_id, 20s, [&] {
    command = stack.api().get("/api/v2/commands/" + queue_id).json();
    return command.at("status") != "queued" && command.at("status") != "running";
  });
  return command;
}

}  // namespace

TEST_CASE("5,000 commands on two workers are all done, none twice") {
  const Stack stack(StackSettings{.workers = 2, .worker_slots = 256, .env = {}});
  constexpr int total = 5000;

  for (int sent = 0; sent < total; sent += 1000) CHECK(stack.enqueue(std::vector<Json>(1000, noop)).size() == 1000);
  wait_until("all commands done", 40s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == total; });

  const auto by_status = stack.sql("SELECT status, COUNT(*) FROM noetl.queue GROUP BY status");
  CHECK(by_status == std::vector<SqlRow>{{"done", "5000"}});
  CHECK(stack.sql_number("select count(*) from noetl.queue where attempts = 1 and epoch = 1") == total);
  CHECK(stack.sql_number("select count(*) from noetl.event_history where event_type = 'command.completed'") == total);
  CHECK(stack.sql_number(
            "select count(distinct queue_id) from noetl.event_history where event_type = 'command.completed'") ==
        total);
}

TEST_CASE(
    "who enqueues one command does not wait behind who enqueued a thousand; priority goes before, or after, "
    "all") {
  Stack stack(StackSettings{.workers = 0, .worker_slots = 1, .env = {}});
  const auto with = [](const char* field, const Json& value) {
    Json command = noop;
    command[field] = value;
    return command;
  };
  stack.enqueue(std::vector<Json>(100, with("priority", -1)));
  stack.enqueue(std::vector<Json>(1000, noop));
  stack.enqueue({with("group", "small")});
  stack.enqueue(std::vector<Json>(1000, noop));
  stack.enqueue({with("priority", 1)});

  stack.start_worker();
  const auto unfinished = "select count(*) from noetl.queue where finished_at is null";
  wait_until("all done", 60s, [&] { return stack.sql_number(unfinished) == 0; });

  const auto done_before = [&](const std::string& which) {
    return stack.sql_number(
        "select count(*) from noetl.queue where finished_at < (select finished_at from noetl.queue where " + which +
        ")");
  };
  // In the order of their enqueueing it would be 1100, 2101 and 100.
  CHECK(done_before("queue_id = (select queue_id from noetl.queue order by queue_id offset 1100 limit 1)") < 200);
  CHECK(done_before("priority = 1") < 200);
  CHECK(done_before("queue_id = (select max(queue_id) from noetl.queue where priority = -1)") > 500);
}

TEST_CASE("what fails is tried again or is dead at once, as its error says") {
  const Stack stack(StackSettings{.workers = 1, .env = {}});
  const auto failing = [&](const Json& tool) {
    const Json command{{"tool", tool}, {"retry", {{"backoff", "none"}}}, {"max_attempts", 2}};
    const auto ended = wait_for_command(stack, enqueue_one(stack, command));
    CHECK(ended.at("status") == "dead");
    return std::pair(ended.at("attempts").get<int>(), ended.at("error").at("retryable").get<bool>());
  };
  const std::pair once{1, false}, twice{2, true};

  CHECK(failing({{"kind", "python"}, {"code", "1 / 0"}}) == twice);
  CHECK(failing({{"kind", "python"}, {"code", "class No(Exception): retryable = False\nraise No('never')"}}) == once);
  CHECK(failing({{"kind", "shell"}, {"command", "exit 3"}}) == twice);
  CHECK(failing({{"kind", "http"}, {"url", stack.api().url() + "/nothing"}}) == once);  // 404
  CHECK(failing({{"kind", "no_such_tool"}}) == once);
}

TEST_CASE("the gauge of waiting commands falls to zero when nothing waits any more") {
  const Stack stack(StackSettings{.workers = 1, .env = {}});
  const auto is_told = [&](const std::string& count) {
    const std::string line = R"(noetl_queue_commands{pool="default",status="queued"} )" + count + "\n";
    return stack.api().get("/metrics").body.find(line) != std::string::npos;
  };
  Json later = noop;
  later["delay"] = 3;

  const std::string queue_id = enqueue_one(stack, later);

  wait_until("one that waits", 3s, [&] { return is_told("1"); });
  CHECK(wait_for_command(stack, queue_id).at("status") == "done");
  wait_until("none that waits", 5s, [&] { return is_told("0"); });
}

TEST_CASE("the depth of the queue is told per pool and status") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.enqueue({noop, noop, {{"tool", {{"kind", "noop"}}}, {"pool", "other"}}});

  Json queue;
  wait_until("the depths", 5s, [&] {
    queue = stack.api().get("/api/v2/queue").json().at("queue");
    return queue.size() == 2;
  });

  for (const auto& row : queue) {
    CHECK(row.at("status") == "queued");
    CHECK(row.at("count") == (row.at("pool") == "default" ? 2 : 1));
    CHECK(row.at("oldest_age_seconds") >= 0);
  }
}

TEST_CASE("the result of a shell command can be read from its command") {
  const Stack stack;

  const auto command = wait_for_command(stack, enqueue_one(stack, shell("echo hello")));

  CHECK(command.at("status") == "done");
  CHECK_MESSAGE(command.at("result").dump().find("hello") != std::string::npos, command.dump(2));
}

TEST_CASE("a command that fails at every attempt is a dead letter after max_attempts, with its last error") {
  const Stack stack;
  auto failing = shell("exit 7");
  failing["max_attempts"] = 2;

  const auto command = wait_for_command(stack, enqueue_one(stack, failing));

  CHECK_MESSAGE(command.at("status") == "dead", command.dump(2));
  CHECK(command.at("attempts") == 2);
  CHECK(command.at("error").at("kind") == "exit_code");
  CHECK(stack.sql_number("select count(*) from noetl.dead_letter where attempts = 2") == 1);
}

TEST_CASE("enqueueing twice with one idempotency key gives one command") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  auto command = noop;
  command["idempotency_key"] = "invoice-9";

  const auto first = stack.api().post("/api/v2/commands", command).json();
  const auto second = stack.api().post("/api/v2/commands", command).json();
  const auto batch = stack.enqueue({noop, command});

  CHECK(first.at("queue_id") == second.at("queue_id"));
  CHECK(second.at("status") == "duplicate");
  CHECK(batch.at(1) == first.at("queue_id"));
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 2);
}

TEST_CASE("a delayed command runs when it is due and not before") {
  const Stack stack;
  auto delayed = noop;
  delayed["delay_ms"] = 1500;

  const auto command = wait_for_command(stack, enqueue_one(stack, delayed));

  CHECK(command.at("status") == "done");
  CHECK(stack.sql_number(
            "select count(*) from noetl.queue where claimed_at >= created_at + interval '1500 milliseconds'") == 1);
  CHECK(stack.sql_number("select count(*) from noetl.queue where claimed_at < created_at + interval '4 seconds'") == 1);
}

TEST_CASE("one bad command refuses the whole request and nothing of it is stored") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});

  const auto answer =
      stack.api().post("/api/v2/commands", {{"commands", {noop, {{"tool", {{"kind", "no such\nkind"}}}}}}});

  CHECK(answer.status == 422);
  CHECK(answer.body.find("/commands/1") != std::string::npos);
  CHECK(stack.sql_number("select count(*) from noetl.queue") == 0);
}

TEST_CASE("a command whose tool this worker does not have fails and says so") {
  const Stack stack;
  Json command{{"tool", {{"kind", "no_such_tool"}}}, {"max_attempts", 1}};

  const auto ended = wait_for_command(stack, enqueue_one(stack, command));

  CHECK_MESSAGE((ended.at("status") == "dead" || ended.at("status") == "failed"), ended.dump(2));
  CHECK_MESSAGE(ended.at("error").dump().find("no_such_tool") != std::string::npos, ended.dump(2));
}
