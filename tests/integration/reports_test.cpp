// Reporting: fenced, recorded once, retried until the dead letter.
#include <doctest/doctest.h>

#include "server/attempts/report_events.hpp"
#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/store/queue/queue_table.hpp"
#include "server/views/read_queue.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::completed;
using support::failed;
using support::TestServer;

TEST_CASE("a completed command is done with its result, one event and right counters") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();

  const auto verdict = server.report(completed(server.claim("w", id), R"({"rows":[1,2]})"));

  CHECK_FALSE(verdict.refused);
  CHECK(server.status_of(id) == "done");
  CHECK(server.number("select json_array_length(result->'rows') from noetl.queue") == 2);
  CHECK(server.number("select count(*) from noetl.event_history where event_type = 'command.completed'") == 1);
  CHECK(server.number("select sum(change) from noetl.queue_change where status = 'done'") == 1);
  CHECK(server.number("select sum(change) from noetl.queue_change where status in ('queued', 'running')") == 0);
}

TEST_CASE("a success at the first attempt is told by the command's row, a later one by a row of its own") {
  TestServer server;
  server.add_worker("w");
  const auto first = server.claim("w", server.enqueue());
  (void)server.report(completed(first));
  const auto taken = server.enqueue();
  (void)server.claim("w", taken);
  server.add_worker("w");  // registered anew: what it held waits again
  (void)server.report(completed(server.claim("w", taken)));

  const auto told =
      "select count(*) from noetl.event_history where event_type = 'command.completed' and status = 'done' and "
      "worker_id = 'w' and claimed_at is not null and created_at >= claimed_at and (meta->>'duration_us')::bigint >= 0 "
      "and queue_id = ";
  const auto rows = "select count(*) from noetl.event where event_type = 'command.completed' and queue_id = ";
  CHECK(server.number(told + first.lease.queue_id.str() + " and epoch = 1") == 1);
  CHECK(server.number(rows + first.lease.queue_id.str()) == 0);
  CHECK(server.number(told + taken.str() + " and epoch = 2") == 1);
  CHECK(server.number(rows + taken.str()) == 1);
}

TEST_CASE("a repeated report changes nothing and is answered as a duplicate") {
  TestServer server;
  server.add_worker("w");
  const auto command = server.claim("w", server.enqueue());
  (void)server.report(completed(command));

  const auto again = server.report(completed(command, R"({"other":1})"));

  CHECK(again.is_duplicate);
  CHECK(server.number("select count(*) from noetl.event_history") == 1);
  CHECK(server.number("select count(*) from noetl.queue where result->>'status' = 'ok'") == 1);
}

TEST_CASE("a report with an old epoch is refused with lease_lost") {
  TestServer server;
  server.add_worker("old");
  const auto id = server.enqueue();
  const auto stale = server.claim("old", id);
  server.add_worker("old");  // registered anew: what it held waits again
  server.add_worker("new");
  const auto fresh = server.claim("new", id);

  const auto late = server.report(completed(stale), "old");
  const auto right = server.report(completed(fresh), "new");

  REQUIRE(late.refused);
  CHECK(*late.refused == base::ErrorCode::lease_lost);
  CHECK_FALSE(right.refused);
  CHECK(fresh.lease.epoch == stale.lease.epoch + 1);
  CHECK(server.number("select count(*) from noetl.event_history where event_type = 'command.completed'") == 1);
}

TEST_CASE("of two attempts of one command in one request only the live one is recorded") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  const auto stale = server.claim("w", id);
  server.add_worker("w");  // registered anew: what it held waits again
  const auto fresh = server.claim("w", id);
  wire::ReportRequest request;
  request.worker_id = "w";
  request.attempts = {completed(stale), completed(fresh)};

  const auto answer = attempts::report_events(server.context, request);

  REQUIRE(answer);
  REQUIRE(answer->verdicts.at(0).refused);
  CHECK_FALSE(answer->verdicts.at(1).refused);
  CHECK(server.status_of(id) == "done");
  CHECK(server.number("select count(*) from noetl.event_history where event_type = 'command.completed'") == 1);
}

TEST_CASE("a report that names another execution than its command's is refused, and the right one still counts") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {support::single_step}).value();
  wire::ExecuteRequest execute;
  execute.path = "tests/single";
  const auto mine = executions::start_execution(server.context, execute).value().execution_id;
  const auto other = executions::start_execution(server.context, execute).value().execution_id;
  const auto command =
      server.claim("w", {server.number("select queue_id from noetl.queue where execution_id = " + mine.str())});
  const auto plain = server.claim("w", server.enqueue());

  std::vector<wire::ReportVerdict> verdicts;
  for (const auto named : {other, base::ExecutionId{42}}) {
    auto wrong = completed(command);
    wrong.execution_id = named;
    verdicts.push_back(server.report(wrong));
  }
  auto wrong_plain = completed(plain);
  wrong_plain.execution_id = other;
  verdicts.push_back(server.report(wrong_plain));

  for (const auto& verdict : verdicts) CHECK(verdict.refused == base::ErrorCode::invalid_input);
  CHECK(verdicts[0].message == "command " + command.lease.queue_id.str() + " is of execution " + mine.str() +
                                   ", the report names " + other.str());
  CHECK(server.status_of(command.lease.queue_id) == "running");
  CHECK_FALSE(server.report(completed(command)).refused);
  CHECK_FALSE(server.report(completed(plain)).refused);
  CHECK(server.number("select count(*) from noetl.execution where status = 'completed'") == 1);
}

TEST_CASE("a report for an execution that has ended, or is gone, by other hands is refused") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {support::single_step}).value();
  wire::ExecuteRequest execute;
  execute.path = "tests/single";
  (void)executions::start_execution(server.context, execute).value();
  const auto command = server.claim("w", {server.number("select queue_id from noetl.queue")});

  server.run("update noetl.execution set status = 'cancelled', outstanding = 0, finished_at = now()");
  const auto ended = server.report(completed(command));
  server.run("delete from noetl.execution");
  const auto gone = server.report(completed(command));

  CHECK(ended.refused == base::ErrorCode::already_terminal);
  CHECK(gone.refused == base::ErrorCode::not_found);
}

TEST_CASE("a failing command waits longer each time and ends in the dead letter") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue(2);

  const auto first = server.report(failed(server.claim("w", id), "exception"));
  CHECK(server.status_of(id) == "queued");
  REQUIRE(first.retry_after);
  CHECK(*first.retry_after >= std::chrono::milliseconds(500));
  server.run("update noetl.queue set available_at = now()");
  const auto second = server.report(failed(server.claim("w", id), "exception"));

  CHECK_FALSE(second.retry_after);
  CHECK(server.status_of(id) == "dead");
  CHECK(server.number("select attempts from noetl.queue") == 2);
  CHECK(server.number("select count(*) from noetl.dead_letter where error_kind = 'exception' and attempts = 2") == 1);
  REQUIRE(server.notifier.dead_letters().size() == 1);
  CHECK(server.notifier.dead_letters()[0].queue_id == id);
}

TEST_CASE("a released command waits again at once and its attempt does not count") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue(1);
  auto report = completed(server.claim("w", id));
  report.outcome = domain::Outcome::released;

  (void)server.report(report);
  const auto again = server.claim("w", id);

  CHECK(again.attempt == 1);
  CHECK(again.lease.epoch == 2);
}

TEST_CASE("one request may mix successes, failures and strangers, each with its own verdict") {
  TestServer server;
  server.add_worker("w");
  const auto good = server.claim("w", server.enqueue());
  const auto bad = server.claim("w", server.enqueue(1));
  wire::AttemptReport unknown;
  unknown.lease = {{99}, 1};
  wire::ReportRequest request;
  request.worker_id = "w";
  request.attempts = {completed(good), failed(bad, "exception"), unknown, completed(good)};

  const auto answer = attempts::report_events(server.context, request).value();

  REQUIRE(answer.verdicts.size() == 4);
  CHECK_FALSE(answer.verdicts[0].refused);
  CHECK_FALSE(answer.verdicts[1].refused);
  CHECK(answer.verdicts[2].refused == base::ErrorCode::not_found);
  CHECK(answer.verdicts[3].is_duplicate);
  CHECK(server.status_of(bad.lease.queue_id) == "dead");
}

namespace {

wire::ReportRequest saying(const domain::ClaimedCommand& command, const std::string& worker_id, std::string payload) {
  wire::ReportRequest request;
  request.worker_id = worker_id;
  request.notes.push_back({.lease = command.lease, .name = "command.progress", .payload = std::move(payload)});
  return request;
}

}  // namespace

TEST_CASE("what a running command says stands on it until the attempt ends, whatever becomes of it") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  const auto command = server.claim("w", id);

  CHECK_FALSE(
      attempts::report_events(server.context, saying(command, "w", R"({"rows":5})")).value().verdicts.at(0).refused);
  CHECK(views::get_command(server.context, id)->progress == R"({"rows":5})");
  CHECK(views::get_command(server.context, id)->result == "null");
  (void)server.report(failed(command, "exception"));  // it waits again

  const auto row = views::get_command(server.context, id).value();
  CHECK(row.status == "queued");
  CHECK(row.progress == "null");
  CHECK(row.result == "null");
  CHECK(attempts::report_events(server.context, saying(command, "w", "{}")).value().verdicts.at(0).refused ==
        base::ErrorCode::lease_lost);
}

TEST_CASE("what a running command says waits for nobody: while its end is being recorded it is left out") {
  TestServer server;
  server.add_worker("w");
  const auto busy = server.claim("w", server.enqueue());
  const auto free = server.claim("w", server.enqueue());
  wire::ReportRequest request = saying(busy, "w", R"({"rows":1})");
  request.notes.push_back({.lease = free.lease, .name = "command.progress", .payload = R"({"rows":2})"});

  wire::ReportAnswer answer;
  server.connections.transact([&](postgres::Session& session) {
    (void)store::QueueTable(session).lock({busy.lease.queue_id});
    answer = attempts::report_events(server.context, request).value();  // on another connection
  });

  CHECK(answer.verdicts.at(0).refused == base::ErrorCode::lease_lost);
  CHECK_FALSE(answer.verdicts.at(1).refused);
  CHECK(server.number("select count(*) from noetl.queue where result is not null") == 1);
  CHECK(server.number("select count(*) from noetl.event") == 0);  // a plain command has no history
}

TEST_CASE("a report is one transaction, whatever is in it") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {support::single_step}).value();
  wire::ExecuteRequest execute;
  execute.path = "tests/single";
  const auto execution = executions::start_execution(server.context, execute).value().execution_id;
  const base::CommandId step{server.number("select queue_id from noetl.queue where execution_id is not null")};
  const auto running = server.claim("w", server.enqueue());
  wire::ReportRequest request;
  request.worker_id = "w";
  request.attempts = {completed(server.claim("w", server.enqueue())),
                      failed(server.claim("w", server.enqueue()), "exception"), completed(server.claim("w", step))};
  request.attempts[2].execution_id = execution;
  request.events.push_back({.execution_id = execution, .event_id = {}, .step = "start", .name = "seen"});
  request.notes.push_back({.lease = running.lease, .name = "command.progress", .payload = R"({"rows":2})"});

  const auto answer = attempts::report_events(server.context, request).value();

  REQUIRE(answer.verdicts.size() == 5);
  for (const auto& verdict : answer.verdicts) CHECK_FALSE(verdict.refused);
  CHECK(server.status_of(request.attempts[0].lease.queue_id) == "done");
  CHECK(server.number("select count(*) from noetl.execution where status = 'completed'") == 1);
  CHECK(server.number("select count(distinct xmin::text) from noetl.queue") == 1);
  CHECK(server.number(
            "select count(distinct t.x) from (select xmin::text as x from noetl.queue union all select xmin::text "
            "from noetl.event where event_type in ('seen', 'command.failed')) as t") == 1);
}

TEST_CASE("events without a lease are written in one statement, each with its own verdict") {
  TestServer server;
  (void)catalog::register_playbook(server.context, {support::single_step}).value();
  wire::ExecuteRequest execute;
  execute.path = "tests/single";
  const auto execution = executions::start_execution(server.context, execute).value().execution_id;
  const auto event = [&](std::int64_t id, base::ExecutionId of) {
    return wire::StepEvent{.execution_id = of, .event_id = {id}, .step = "start", .name = "seen"};
  };
  wire::ReportRequest request;
  request.worker_id = "w";
  request.events = {event(71, execution), event(72, {17}), event(71, execution), event(0, execution),
                    event(0, execution)};

  const auto first = attempts::report_events(server.context, request).value().verdicts;
  const auto again = attempts::report_events(server.context, request).value().verdicts;

  CHECK_FALSE((first[0].refused || first[0].is_duplicate));
  CHECK(first[1].refused == base::ErrorCode::not_found);
  CHECK(first[1].message == "no execution has id 17");
  CHECK(first[2].is_duplicate);
  CHECK_FALSE((first[3].is_duplicate || first[4].is_duplicate));
  CHECK(again[0].is_duplicate);
  CHECK_FALSE(again[3].is_duplicate);
  CHECK(server.number("select count(*) from noetl.event where event_type = 'seen'") == 5);
  CHECK(server.number("select count(distinct xmin::text) from noetl.event where event_type = 'seen'") == 2);
}

TEST_CASE("an execution that cannot be read does not keep the plain successes of its report") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {support::single_step}).value();
  wire::ExecuteRequest execute;
  execute.path = "tests/single";
  const auto execution = executions::start_execution(server.context, execute).value().execution_id;
  const base::CommandId step{server.number("select queue_id from noetl.queue")};
  wire::ReportRequest request;
  request.worker_id = "w";
  request.attempts = {completed(server.claim("w", step)), completed(server.claim("w", server.enqueue()))};
  request.attempts[0].execution_id = execution;
  server.run("update noetl.execution set state = '{}'");

  CHECK_THROWS((void)attempts::report_events(server.context, request));

  CHECK(server.status_of(step) == "running");
  CHECK(server.status_of(request.attempts[1].lease.queue_id) == "done");
}
