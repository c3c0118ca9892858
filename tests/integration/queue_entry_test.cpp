// However a command enters the queue, its row and what is counted of it are the same: without a key, with one, redriven, from SQL; claimed
// by the insert for a worker that waits, or by that worker itself.
#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <map>

#include "server/dead_letters/redrive_dead.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using support::TestServer;
using namespace std::chrono_literals;

namespace {
constexpr const char* traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

wire::NewCommand command_of(int priority, std::string key = {}) {
  wire::NewCommand made;
  made.tool_kind = "noop";
  made.tool = R"({"kind":"noop"})";
  made.input = R"({"n":1})";
  made.priority = priority;
  made.max_attempts = 1;
  made.timeout = 7s;
  made.traceparent = traceparent;
  made.idempotency_key = std::move(key);
  return made;
}

base::CommandId enqueue(TestServer& server, const wire::NewCommand& command) {
  return queue::enqueue_commands(server.context, {command}).value().at(0).queue_id;
}

// Everything of a row but ids, keys, and the times themselves.
constexpr const char* has_time = "q.available_at is not null";
constexpr const char* is_due_now = "q.available_at is null or q.available_at <= now()";

std::string row_of(TestServer& server, base::CommandId id, const std::string& time = has_time) {
  return support::sql(
             server.database_url,
             "select (to_jsonb(q) - array['queue_id', 'idempotency_key', 'redriven_from', 'created_at', 'claimed_at', "
             "'available_at', 'context'] || jsonb_build_object('input', q.context::jsonb -> 'input', 'tool', "
             "q.context::jsonb -> 'tool', 'time', " +
                 time +
                 ", 'is_claimed', q.claimed_at is not null))::text from noetl.queue q where queue_id = " + id.str())
      .at(0)
      .at(0);
}

std::int64_t waiting(TestServer& server) {
  return server.number(
      "select coalesce(sum(n), 0) from (select change as n from noetl.queue_change where status = 'queued' union all "
      "select count "
      "from noetl.queue_depth where status = 'queued') as counted");
}
}  // namespace

TEST_CASE("a command is the same row without a key, with one, redriven, and from SQL") {
  for (const int priority : {0, 5}) {
    CAPTURE(priority);
    TestServer server;
    server.add_worker("w");
    std::map<std::string, base::CommandId> ways;
    const auto dead = enqueue(server, command_of(priority));
    (void)server.report(support::failed(server.claim("w", dead), "exception"));
    REQUIRE(server.status_of(dead) == "dead");
    CHECK(waiting(server) == 0);

    ways["without a key"] = enqueue(server, command_of(priority));
    ways["with a key"] = enqueue(server, command_of(priority, "key"));
    wire::RedriveRequest redrive;
    redrive.queue_ids = {dead};
    ways["redriven"] = dead_letters::redrive_dead(server.context, redrive).value().redriven.at(0).redriven_as;
    ways["from SQL"] = {server.number("select noetl.enqueue('{\"kind\":\"noop\"}', '{\"n\":1}', priority => " +
                                      std::to_string(priority) +
                                      ", max_attempts => 1, timeout => interval '7 seconds', "
                                      "traceparent => '" +
                                      traceparent + "')")};

    const auto expected = row_of(server, ways.at("without a key"), is_due_now);
    for (const auto& [way, id] : ways) {
      CAPTURE(way);
      CHECK(row_of(server, id, is_due_now) == expected);
    }
    // From SQL no server notifies of it: upkeep finds it by its time, whatever its priority.
    CHECK(row_of(server, ways.at("from SQL"), has_time) == row_of(server, ways.at("from SQL"), "true"));
    CHECK(row_of(server, ways.at("redriven"), has_time) == row_of(server, ways.at("with a key"), has_time));
    CHECK(waiting(server) == 4);
  }
}

TEST_CASE("a command that its insert claims for a waiting worker is the row that this worker's claim leaves") {
  for (const int priority : {0, 5}) {
    CAPTURE(priority);
    TestServer server;
    server.add_worker("w");
    const auto claimed = enqueue(server, command_of(priority));
    (void)server.claim("w", claimed);
    std::stop_source stop;
    auto poll = std::async(std::launch::async, [&server, token = stop.get_token()] {
      wire::ClaimRequest request;
      request.worker_id = "w";
      request.slots = 4;
      request.wait = 30s;
      request.direct_dispatch = true;
      return queue::claim_commands(server.context, request, token).value();
    });
    support::wait_until("it waits", 15s, [&] { return server.dispatcher.waiting() == 1; });

    const auto dispatched = enqueue(server, command_of(priority));

    const auto commands = poll.get().commands;
    REQUIRE(commands.size() == 1);
    CHECK(commands[0].lease.queue_id == dispatched);
    CHECK(row_of(server, dispatched) == row_of(server, claimed));
    CHECK(waiting(server) == 0);
    CHECK(server.number("select count(*) from noetl.claim where worker_id = 'w'") == 2);
  }
}
