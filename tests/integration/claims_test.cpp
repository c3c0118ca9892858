// Claiming: one live lease per command, by ids and from the pool.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "server/attempts/report_events.hpp"
#include "server/dispatch/long_polls.hpp"
#include "server/postgres/session.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;

namespace {
wire::ClaimRequest poll(const std::string& worker, int slots,
                        std::chrono::milliseconds wait = std::chrono::milliseconds{0}) {
  wire::ClaimRequest request;
  request.worker_id = worker;
  request.slots = slots;
  request.wait = wait;
  return request;
}
}  // namespace

TEST_CASE("a claim gives the rendered command, a higher epoch and a first attempt") {
  TestServer server;
  server.add_worker("a");
  const auto id = server.enqueue();

  const auto command = server.claim("a", id);

  CHECK(command.lease.epoch == 1);
  CHECK(command.attempt == 1);
  CHECK(command.tool_kind == "noop");
  CHECK(command.context == R"({"tool":{"kind":"noop"},"input":{}})");
  CHECK(server.status_of(id) == "running");
}

TEST_CASE("another worker is refused while the lease lives, the same worker gets its lease again") {
  TestServer server;
  server.add_worker("a");
  server.add_worker("b");
  const auto id = server.enqueue();
  const auto first = server.claim("a", id);

  const auto other = server.claim_ids("b", {id});
  const auto again = server.claim_ids("a", {id});

  REQUIRE(other.refused.size() == 1);
  CHECK(other.refused[0].code == base::ErrorCode::active_claim);
  REQUIRE(again.commands.size() == 1);
  CHECK(again.commands[0].lease == first.lease);
}

TEST_CASE("of many ids as many are claimed as there are slots; the others are left for whoever asks next") {
  TestServer server;
  server.add_worker("a");
  server.add_worker("b");
  std::vector<base::CommandId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(server.enqueue());
  const auto claim_some = [&](const std::string& worker, std::vector<base::CommandId> some, int slots) {
    wire::ClaimRequest request;
    request.worker_id = worker;
    request.queue_ids = std::move(some);
    request.slots = slots;
    return queue::claim_commands(server.context, request, {}).value();
  };

  const auto first = claim_some("a", ids, 2);
  REQUIRE(first.commands.size() == 2);
  CHECK(first.refused.empty());
  CHECK(first.commands[0].lease.queue_id == ids[0]);
  CHECK(first.commands[1].lease.queue_id == ids[1]);
  // Its reply was lost: the same again gives the same.
  const auto again = claim_some("a", ids, 2);
  REQUIRE(again.commands.size() == 2);
  CHECK(again.commands[0].lease == first.commands[0].lease);
  CHECK(server.status_of(ids[2]) == "queued");
  // Another takes what is left, past those that are held.
  const auto other = claim_some("b", ids, 2);
  REQUIRE(other.commands.size() == 2);
  CHECK(other.commands[0].lease.queue_id == ids[2]);
  CHECK(other.refused.empty());
  // With room for more than what is left, what became of the others is said.
  const auto last = claim_some("b", {ids[0], ids[1], ids[4]}, 2);
  REQUIRE(last.commands.size() == 1);
  CHECK(last.commands[0].lease.queue_id == ids[4]);
  CHECK(last.refused.size() == 2);
}

TEST_CASE("refusals say why: unknown, ended, not due, unregistered") {
  TestServer server;
  server.add_worker("a");
  const auto ended = server.enqueue();
  (void)server.report(support::completed(server.claim("a", ended)), "a");
  wire::NewCommand later;
  later.tool_kind = "noop";
  later.delay = std::chrono::hours(1);
  const auto not_due = queue::enqueue_commands(server.context, {later}).value()[0].queue_id;

  const auto answer = server.claim_ids("a", {ended, not_due, {42}});
  wire::ClaimRequest request = poll("nobody", 1);
  request.queue_ids = {not_due};
  const auto unregistered = queue::claim_commands(server.context, request, {});

  REQUIRE(answer.refused.size() == 3);
  for (const auto& refusal : answer.refused) {
    if (refusal.queue_id == ended) CHECK(refusal.code == base::ErrorCode::already_terminal);
    if (refusal.queue_id == not_due) CHECK(refusal.retry_after > std::chrono::minutes(50));
    if (refusal.queue_id.value == 42) CHECK(refusal.code == base::ErrorCode::not_found);
  }
  REQUIRE_FALSE(unregistered);
  CHECK(unregistered.error().code == base::ErrorCode::not_found);
}

TEST_CASE("eight claimers of the same thousand commands get each command once") {
  TestServer server;
  std::vector<wire::NewCommand> commands(1000);
  for (auto& command : commands) command.tool_kind = "noop";
  std::vector<base::CommandId> ids;
  const auto enqueued = queue::enqueue_commands(server.context, commands);
  for (const auto& made : enqueued.value()) ids.push_back(made.queue_id);
  for (int i = 0; i < 8; ++i) server.add_worker("w" + std::to_string(i));
  std::atomic<std::size_t> claimed{0};

  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        for (std::size_t from = 0; from < ids.size(); from += 100) {
          const std::vector<base::CommandId> part(ids.begin() + static_cast<long>(from),
                                                  ids.begin() + static_cast<long>(from) + 100);
          claimed += server.claim_ids("w" + std::to_string(i), part).commands.size();
        }
      });
    }
  }

  CHECK(claimed == 1000);
  CHECK(server.number("select count(*) from noetl.queue where epoch = 1 and attempts = 1 and status = 'running'") ==
        1000);
}

TEST_CASE("a command stays in its page when it is claimed and when it ends, whoever may still see it as it was") {
  TestServer server;
  server.add_worker("w");
  std::vector<wire::NewCommand> commands(1000);
  for (auto& command : commands) command.tool_kind = "noop";
  std::vector<base::CommandId> ids;
  const auto enqueued = queue::enqueue_commands(server.context, commands);
  for (const auto& made : enqueued.value()) ids.push_back(made.queue_id);
  server.run("create table before as select queue_id, (ctid::text::point)[0] as page from noetl.queue");

  server.connections.run_one([&](postgres::Session& open) {
    // Nothing that is seen from here on is taken away before this ends.
    (void)open.transaction().exec("select pg_current_xact_id()");
    wire::ReportRequest request;
    request.worker_id = "w";
    const auto claimed = server.claim_ids("w", ids);
    for (const auto& command : claimed.commands) request.attempts.push_back(support::completed(command));
    (void)attempts::report_events(server.context, request).value();
  });

  const auto in_place = server.number(
      "select count(*) from noetl.queue q join before using (queue_id)"
      " where status = 'done' and (q.ctid::text::point)[0] = page");
  CHECK(in_place >= 990);  // the others stand where a page ends
}

TEST_CASE("a poll takes the highest priority first and wakes when something is queued") {
  TestServer server;
  server.add_worker("a");
  (void)server.enqueue();
  wire::NewCommand urgent;
  urgent.tool_kind = "noop";
  urgent.priority = 9;
  const auto urgent_id = queue::enqueue_commands(server.context, {urgent}).value()[0].queue_id;

  const auto first = queue::claim_commands(server.context, poll("a", 1), {}).value();
  (void)queue::claim_commands(server.context, poll("a", 10), {}).value();
  wire::ClaimAnswer woken;
  std::jthread waiting(
      [&] { woken = queue::claim_commands(server.context, poll("a", 1, std::chrono::seconds(20)), {}).value(); });
  const auto late_id = server.enqueue();
  waiting.join();

  REQUIRE(first.commands.size() == 1);
  CHECK(first.commands[0].lease.queue_id == urgent_id);
  REQUIRE(woken.commands.size() == 1);
  CHECK(woken.commands[0].lease.queue_id == late_id);
}

TEST_CASE("polls begin where commands wait, and once a second where nothing can have been missed") {
  using namespace std::chrono_literals;
  dispatch::LongPolls waiting;
  const auto id = [](std::int64_t value) { return base::CommandId{value}; };
  const auto start = std::chrono::steady_clock::time_point{} + 1h;

  const auto first = waiting.begin_scan("default", start);
  waiting.end_scan("default", first, {}, {.safe = id(100), .likely = id(900)});
  const auto second = waiting.begin_scan("default", start + 10ms);
  waiting.end_scan("default", second, id(950), {.safe = id(101), .likely = id(1000)});
  const auto third = waiting.begin_scan("default", start + 20ms);
  const auto late = waiting.begin_scan("default", start + 1s);
  waiting.end_scan("default", late, id(500), {.safe = id(200), .likely = id(2000)});
  waiting.end_scan("default", third, id(960), {.safe = id(200), .likely = id(2000)});
  const auto last = waiting.begin_scan("default", start + 1010ms);

  CHECK(first.is_thorough);
  CHECK(second.from == id(900));
  CHECK(third.from == id(950));
  CHECK(late.is_thorough);
  CHECK(late.from == id(100));
  CHECK_MESSAGE(last.from == id(500), "what was committed late is not passed by a look that began behind it");
}

TEST_CASE("a hundred idle workers cost Postgres what one costs, and see at once what is queued here") {
  TestServer server;
  for (int i = 0; i < 100; ++i) server.add_worker("w" + std::to_string(i));
  const auto polled = [&] {
    std::size_t commands = 0;
    for (int i = 0; i < 100; ++i)
      commands += queue::claim_commands(server.context, poll("w" + std::to_string(i), 1), {}).value().commands.size();
    return commands;
  };
  const auto& waiting = server.long_polls;

  CHECK(polled() == 0);
  CHECK(waiting.is_known_empty("default", std::chrono::steady_clock::now()));
  (void)server.enqueue();
  CHECK_FALSE(waiting.is_known_empty("default", std::chrono::steady_clock::now()));
  CHECK(polled() == 1);
  CHECK(polled() == 0);
  CHECK_FALSE(waiting.is_known_empty("default", std::chrono::steady_clock::now() + dispatch::LongPolls::empty_for));
}

TEST_CASE("polls that look at the same time take different commands") {
  dispatch::LongPolls waiting;
  const std::vector<base::CommandId> seen{base::CommandId{1}, base::CommandId{2}, base::CommandId{3},
                                          base::CommandId{4}, base::CommandId{5}};

  const auto first = waiting.begin_claims(seen, 2);
  const auto second = waiting.begin_claims(seen, 2);
  const auto third = waiting.begin_claims(seen, 2);
  waiting.end_claims(first);
  const auto fourth = waiting.begin_claims(seen, 2);

  CHECK(first == std::vector<base::CommandId>{base::CommandId{1}, base::CommandId{2}});
  CHECK(second == std::vector<base::CommandId>{base::CommandId{3}, base::CommandId{4}});
  CHECK(third == std::vector<base::CommandId>{base::CommandId{5}});
  CHECK(fourth == first);
  CHECK(waiting.in_flight() == 5);
}
