// Leases: who may act on a command, and what becomes of it when its worker dies, is late or is told to stop.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/e2e/hand_worker.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::e2e;
using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const Json noop{{"tool", {{"kind", "noop"}}}};
Json shell(const std::string& command) { return {{"tool", {{"kind", "shell"}, {"command", command}}}}; }

StackSettings without_workers() { return {.workers = 0, .env = {}}; }

std::int64_t count(const Stack& stack, const std::string& where) {
  return stack.sql_number("select count(*) from noetl.queue where " + where);
}

}  // namespace

TEST_CASE("the commands of a worker that was killed run elsewhere within six seconds") {
  Stack stack(StackSettings{.workers = 1, .worker_slots = 64, .env = {}});
  const auto first_worker = stack.sql("select worker_id from noetl.worker").at(0).at(0);
  const auto ids = stack.enqueue(std::vector<Json>(50, shell("sleep 2")));
  wait_until("50 commands running", 1500ms, [&] { return count(stack, "status = 'running'") == 50; });

  stack.worker(0).kill();
  const auto killed_at = stack.sql("select now()").at(0).at(0);
  stack.start_worker();
  wait_until("all 50 claimed by the other worker", 12s,
             [&] { return count(stack, "attempts = 2 and worker_id <> '" + first_worker + "'") == 50; });

  CHECK(count(stack, "claimed_at - timestamptz '" + killed_at + "' > interval '6500 milliseconds'") == 0);
  wait_until("all 50 done", 10s, [&] { return count(stack, "status = 'done'") == 50; });
  CHECK(count(stack, "epoch = 2 and attempts = 2") == 50);
  CHECK(stack.sql_number("select count(*) from noetl.event_history where event_type = 'command.completed'") == 50);
}

TEST_CASE("a late report of a lost lease gets 409 lease_lost and changes nothing") {
  const Stack stack(without_workers());
  const auto id = stack.enqueue({noop}).at(0);
  const HandWorker silent(stack.api(), "silent");
  const auto lost = silent.claim({id}).json().at("commands").at(0);

  const HandWorker next(stack.api(), "next");
  Json taken = Json::array();
  wait_until("the lease's end", 12s, [&] {
    next.heartbeat(taken);
    taken = next.claim_waiting(1);
    return !taken.empty();
  });
  const auto late = silent.report(lost);

  CHECK(taken.at(0).at("queue_id") == id);
  CHECK(taken.at(0).at("epoch") > lost.at("epoch"));
  CHECK(late.status == 409);
  CHECK_MESSAGE(late.body.find("lease_lost") != std::string::npos, late.body);
  CHECK(count(stack, "status = 'running' and worker_id = 'next'") == 1);
  CHECK(next.report(taken.at(0)).status == 200);
  CHECK(count(stack, "status = 'done' and worker_id = 'next'") == 1);
  CHECK(silent.report(lost).status == 409);
}

TEST_CASE("in a batch of reports each has its own verdict") {
  const Stack stack(without_workers());
  const auto ids = stack.enqueue({noop, noop});
  const HandWorker worker(stack.api(), "hand");
  const auto commands = worker.claim(ids).json().at("commands");
  REQUIRE(commands.size() == 2);
  Json events = Json::array();
  for (const auto& command : commands) {
    events.push_back(
        {{"queue_id", command.at("queue_id")}, {"epoch", command.at("epoch")}, {"name", "command.completed"}});
  }
  events[1]["epoch"] = 9;

  const auto answer = stack.api().post("/api/v2/events", {{"worker_id", "hand"}, {"events", events}});

  CHECK(answer.status == 200);
  CHECK(answer.json().at("verdicts").at(0).at("status") == "recorded");
  CHECK(answer.json().at("verdicts").at(1).at("code") == "lease_lost");
  CHECK(count(stack, "status = 'done'") == 1);
  CHECK(count(stack, "status = 'running'") == 1);
}

TEST_CASE("reporting the same attempt twice records it once") {
  const Stack stack(without_workers());
  const auto id = stack.enqueue({noop}).at(0);
  const HandWorker worker(stack.api(), "hand");
  const auto command = worker.claim({id}).json().at("commands").at(0);

  CHECK(worker.report(command).status == 200);
  const auto again = worker.report(command);

  CHECK_MESSAGE(again.status == 200, again.body);
  CHECK(stack.sql_number("select count(*) from noetl.event_history where event_type = 'command.completed'") == 1);
  CHECK(count(stack, "status = 'done'") == 1);
}

TEST_CASE("claiming again what one holds gives the same lease; another worker is refused") {
  const Stack stack(without_workers());
  const auto id = stack.enqueue({noop}).at(0);
  const HandWorker holder(stack.api(), "holder");
  const HandWorker other(stack.api(), "other");

  const auto first = holder.claim({id}).json().at("commands").at(0);
  const auto second = holder.claim({id}).json().at("commands").at(0);
  const auto refused = other.claim({id});
  const auto refused_by_route = stack.api().post("/api/v2/commands/" + id + "/claim", {{"worker_id", "other"}});

  CHECK(first.at("epoch") == second.at("epoch"));
  CHECK(refused.status == 200);
  CHECK(refused.json().at("commands").empty());
  CHECK(refused.json().at("refused").at(0).at("code") == "active_claim");
  CHECK(refused_by_route.status == 409);
  CHECK(refused_by_route.code() == "active_claim");
  CHECK(count(stack, "attempts = 1 and epoch = 1") == 1);
}

TEST_CASE("claiming what has ended or never was is refused with its own code") {
  const Stack stack(without_workers());
  const auto id = stack.enqueue({noop}).at(0);
  const HandWorker worker(stack.api(), "hand");
  CHECK(worker.report(worker.claim({id}).json().at("commands").at(0)).status == 200);

  const auto ended = stack.api().post("/api/v2/commands/" + id + "/claim", {{"worker_id", "hand"}});
  const auto unknown = stack.api().post("/api/v2/commands/12345/claim", {{"worker_id", "hand"}});

  CHECK(ended.status == 409);
  CHECK(ended.code() == "already_terminal");
  CHECK(unknown.status == 404);
  CHECK(unknown.code() == "not_found");
}

TEST_CASE("the alias of NoETL v1's claim claims by id and refuses SQL") {
  const Stack stack(without_workers());
  stack.enqueue({noop});

  const auto refused = stack.api().post("/api/postgres/execute", {{"query", "drop schema noetl cascade"}});

  CHECK(refused.status / 100 == 4);
  CHECK(!refused.code().empty());
  CHECK(count(stack, "status = 'queued'") == 1);
}

TEST_CASE("a worker that is stopped past its lease does not spoil what another did meanwhile") {
  Stack stack(StackSettings{.workers = 1, .worker_slots = 4, .env = {}});
  const auto id = stack.enqueue({shell("sleep 1; echo done")}).at(0);
  wait_until("the command running", 5s, [&] { return count(stack, "status = 'running'") == 1; });

  stack.worker(0).send(SIGSTOP);
  stack.start_worker();
  wait_until("done by the other worker", 15s, [&] { return count(stack, "status = 'done' and attempts = 2") == 1; });
  stack.worker(0).send(SIGCONT);

  CHECK(holds_for(2s, [&] {
    return count(stack, "queue_id = " + id + " and status = 'done' and attempts = 2 and epoch = 2") == 1;
  }));
  CHECK(stack.sql_number("select count(*) from noetl.event_history where event_type = 'command.completed'") == 1);
  stack.enqueue(std::vector<Json>(8, shell("sleep 0.3")));
  wait_until("both workers at work again", 10s, [&] { return count(stack, "status = 'done'") == 9; });
}

TEST_CASE("a worker told to stop finishes what it runs, claims no more, and leaves with 0") {
  Stack stack(StackSettings{.workers = 1, .worker_slots = 4, .env = {}});
  stack.enqueue(std::vector<Json>(20, shell("sleep 1")));
  wait_until("four commands running", 5s, [&] { return count(stack, "status = 'running'") == 4; });

  stack.worker(0).send(SIGTERM);

  CHECK(stack.worker(0).wait(15s) == 0);
  CHECK(count(stack, "status = 'running'") == 0);
  CHECK(count(stack, "status = 'done'") >= 4);
  CHECK(count(stack, "status = 'done'") + count(stack, "status = 'queued'") == 20);
  CHECK(count(stack, "attempts > 1") == 0);
  stack.start_worker();
  wait_until("the rest done", 20s, [&] { return count(stack, "status = 'done'") == 20; });
}

TEST_CASE("what does not end within the grace is handed back at once and stopped") {
  Stack stack(StackSettings{.workers = 1, .worker_slots = 4, .env = {{"NOETL_GRACE", "500ms"}}});
  stack.enqueue({shell("sleep 60")});
  wait_until("the command running", 5s, [&] { return count(stack, "status = 'running'") == 1; });

  stack.worker(0).send(SIGTERM);

  CHECK(stack.worker(0).wait(5s) == 0);
  CHECK(count(stack, "status = 'queued'") == 1);
}
