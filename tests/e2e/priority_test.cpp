// What is claimed next of what is due: the highest priority, then the oldest; with NATS and without, however it was enqueued.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

Json noop(int priority) { return {{"tool", {{"kind", "noop"}}}, {"priority", priority}}; }
Json sleeping(int priority, const std::string& seconds = "0.01") {
  return {{"tool", {{"kind", "shell"}, {"command", "sleep " + seconds}}}, {"priority", priority}};
}

// Upkeep looks so rarely that what is claimed at once was found without it.
std::map<std::string, std::string> env_of(bool has_nats) {
  std::map<std::string, std::string> env{{"NOETL_UPKEEP_INTERVAL", "20s"}};
  if (!has_nats) env["NATS_URL"] = "none";
  return env;
}

void wait_for_end(const Stack& stack, std::chrono::milliseconds patience = 120s) {
  const auto unfinished = "select count(*) from noetl.queue where status in ('queued', 'running')";
  wait_until("all have ended", patience, [&] { return stack.sql_number(unfinished) == 0; });
}

// Commands that were claimed although one of a higher priority waited that was claimed more than `tolerance` later.
std::int64_t claimed_too_early(const Stack& stack, const std::string& tolerance = "0.000001") {
  return stack.sql_number(
      "select count(*) from (select priority, max(priority) over (order by claimed_at range between '" + tolerance +
      " seconds' following and unbounded following) as highest_later, claimed_at, "
      "max(claimed_at) over () as last from noetl.queue) as q where highest_later > priority");
}

// Of one priority above or below 0: claimed although an older one waited.
std::int64_t younger_first(const Stack& stack) {
  return stack.sql_number(
      "select count(*) from (select priority, queue_id, min(queue_id) over (partition by priority order by claimed_at "
      "groups between 1 following and unbounded following) as oldest_later from noetl.queue where priority <> 0) as q "
      "where oldest_later < queue_id");
}

// Before, between and behind a bulk of priority 0: one by one, in bulk, by SQL, and the steps of a playbook.
void enqueue_all_kinds(const Stack& stack, int bulk, const std::vector<int>& priorities) {
  for (const int priority : priorities) stack.enqueue({noop(-priority)});
  for (int sent = 0; sent < bulk; sent += 5000) stack.enqueue(std::vector<Json>(5000, noop(0)));
  for (const int priority : priorities) stack.enqueue({noop(priority)});
  for (const int priority : priorities) stack.enqueue(std::vector<Json>(20, noop(priority)));
  for (const int priority : priorities) {
    (void)stack.sql("select noetl.enqueue('{\"kind\": \"noop\"}', priority => " + std::to_string(priority) + ")");
    (void)stack.sql("select noetl.enqueue('{\"kind\": \"noop\"}', priority => " + std::to_string(-priority) + ")");
  }
  (void)stack.execute("e2e/urgent", Json::object());
  stack.enqueue({noop(0)});
}

std::string urgent_playbook() {
  return R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: urgent, path: e2e/urgent}
workflow:
  - step: start
    spec: {priority: 60}
    tool: {kind: noop}
    next: {arcs: [{step: end}]}
  - step: end
)";
}

}  // namespace

// NOETL_TEST_PRIORITY_BULK=100000 is the long form.
TEST_CASE(
    "the highest priority is claimed next, then the oldest: behind a bulk, with 1, 4 and 64 slots, with NATS and "
    "without") {
  const char* bulk = std::getenv("NOETL_TEST_PRIORITY_BULK");
  for (const bool has_nats : {true, false}) {
    for (const int slots : {1, 4, 64}) {
      CAPTURE(has_nats);
      CAPTURE(slots);
      Stack stack(StackSettings{.workers = 0, .worker_slots = slots, .env = env_of(has_nats)});
      stack.register_playbook(urgent_playbook());
      enqueue_all_kinds(stack, bulk == nullptr ? (slots == 1 ? 5000 : 10'000) : std::atoi(bulk), {5, 100, 1, 50});

      stack.start_worker();
      wait_for_end(stack);

      CHECK(claimed_too_early(stack) == 0);
      CHECK(younger_first(stack) == 0);
      CHECK(stack.sql_number("select count(*) from noetl.queue where attempts <> 1 or status <> 'done'") == 0);
      // Most of them came without a word of their own.
      CHECK(stack.sql_number("select count(distinct priority) from noetl.queue") == 10);
    }
  }
}

TEST_CASE("several workers keep the order among them, but for claims of the same moment") {
  for (const bool has_nats : {true, false}) {
    CAPTURE(has_nats);
    Stack stack(StackSettings{.servers = 2, .workers = 0, .worker_slots = 4, .env = env_of(has_nats)});
    stack.register_playbook(urgent_playbook());
    stack.enqueue(std::vector<Json>(600, sleeping(0)));
    for (const int priority : {-7, 3, -50, 9}) stack.enqueue(std::vector<Json>(60, sleeping(priority)));

    for (int worker = 0; worker < 4; ++worker)
      stack.start_worker({{"SERVER_API_URL", stack.api(static_cast<std::size_t>(worker % 2)).url()}});
    wait_for_end(stack);

    CHECK(claimed_too_early(stack, "0.5") == 0);
    CHECK(stack.sql_number("select count(*) from noetl.queue where status <> 'done'") == 0);
  }
}

TEST_CASE("what is enqueued while a worker is busy is run by priority: one slot, one by one") {
  for (const bool has_nats : {true, false}) {
    CAPTURE(has_nats);
    const Stack stack(StackSettings{.workers = 1, .worker_slots = 1, .env = env_of(has_nats)});
    stack.enqueue({sleeping(0, "2")});
    wait_until("the worker is busy", 10s,
               [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'running'") == 1; });

    for (const int priority : {-5, 0, 5, 10, -50, 100, 0, 7}) stack.enqueue({sleeping(priority)});
    wait_for_end(stack);

    const auto rows = stack.sql("select priority from noetl.queue order by claimed_at, queue_id");
    std::vector<std::string> order;
    for (const auto& row : rows) order.push_back(row.front());
    CHECK(order == std::vector<std::string>{"0", "100", "10", "7", "5", "0", "0", "-5", "-50"});
  }
}

TEST_CASE("a paused pool that is resumed, and many that are due at one moment, go by priority as well") {
  for (const bool has_nats : {true, false}) {
    CAPTURE(has_nats);
    const Stack stack(StackSettings{.workers = 1, .worker_slots = 2, .env = env_of(has_nats)});
    REQUIRE(stack.api().post("/api/v2/pools/default/pause", Json::object()).status == 200);
    for (const int priority : {-5, 0, 5, 10, -50, 100, 0, 7}) stack.enqueue(std::vector<Json>(5, noop(priority)));

    REQUIRE(stack.api().post("/api/v2/pools/default/resume", Json::object()).status == 200);
    wait_for_end(stack);

    CHECK(claimed_too_early(stack) == 0);
  }
  for (const bool has_nats : {true, false}) {
    CAPTURE(has_nats);
    auto env = env_of(has_nats);
    env["NOETL_UPKEEP_INTERVAL"] = "100ms";
    const Stack stack(StackSettings{.workers = 1, .worker_slots = 2, .env = env});
    const auto at =
        stack.sql("select to_char(now() at time zone 'UTC' + interval '3 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");
    std::vector<Json> commands;
    for (const int priority : {-5, 0, 5, 10, -50, 100, 0, 7}) {
      for (int i = 0; i < 5; ++i) {
        commands.push_back(sleeping(priority));
        commands.back()["available_at"] = at.front().front();
      }
    }
    stack.enqueue(commands);
    wait_for_end(stack);

    CHECK(claimed_too_early(stack) == 0);
  }
}

TEST_CASE("what was redriven keeps its priority, and a pool of its own has its own order") {
  Stack stack(StackSettings{.workers = 0, .worker_slots = 1, .env = env_of(true)});
  const auto of_pool = [](Json command) {
    command["pool"] = "blue";
    command["max_attempts"] = 1;
    return command;
  };
  Json failing = of_pool(noop(8));
  failing["tool"] = {{"kind", "shell"}, {"command", "exit 3"}};
  stack.enqueue(std::vector<Json>(3, failing));
  stack.start_worker({{"NOETL_WORKER_POOL_NAME", "blue"}});
  wait_for_end(stack);
  REQUIRE(stack.api().post("/api/v2/pools/blue/pause", Json::object()).status == 200);
  stack.enqueue(std::vector<Json>(200, of_pool(noop(0))));
  stack.enqueue(std::vector<Json>(20, of_pool(noop(4))));
  stack.enqueue(std::vector<Json>(20, noop(100)));  // of another pool: nobody takes it

  REQUIRE(stack.api().post("/api/v2/dead/redrive", {{"filter", {{"pool", "blue"}}}}).status == 200);
  REQUIRE(stack.api().post("/api/v2/pools/blue/resume", Json::object()).status == 200);
  wait_until("all of the pool have ended", 60s, [&] {
    return stack.sql_number(
               "select count(*) from noetl.queue where pool = 'blue' and status in ('queued', 'running')") == 0;
  });

  CHECK(stack.sql_number("select count(*) from noetl.queue where redriven_from is not null and priority = 8") == 3);
  CHECK(stack.sql_number("select count(*) from noetl.queue a join noetl.queue b on a.claimed_at < b.claimed_at and "
                         "a.priority < b.priority "
                         "where a.pool = 'blue' and b.pool = 'blue' and a.redriven_from is null and "
                         "a.status = 'done' and (b.status = 'done' or b.redriven_from is not null)") == 0);
  CHECK(stack.sql_number("select count(*) from noetl.queue where pool = 'default' and status = 'queued'") == 20);
}

TEST_CASE("what an older server has enqueued, with a priority and without a time, is claimed by priority") {
  Stack stack(StackSettings{.workers = 0, .worker_slots = 1, .env = env_of(false)});
  stack.enqueue(std::vector<Json>(20, noop(0)));
  (void)stack.sql(
      "insert into noetl.queue (queue_id, step, tool_kind, pool, priority, max_attempts, timeout_ms, context) "
      "select max(queue_id) + 1, 'noop', 'noop', 'default', 5, 3, 0, '{\"tool\":{\"kind\":\"noop\"},\"input\":{}}' "
      "from noetl.queue");

  stack.start_worker();
  wait_for_end(stack);

  CHECK(claimed_too_early(stack) == 0);
}
