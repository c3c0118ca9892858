// The doctor's rules and its looks at the stack on a real Postgres: each violation is found when it is planted.
#include <doctest/doctest.h>

#include <regex>

#include "server/attempts/report_events.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/pause.hpp"
#include "tests/integration/doctor_fixture.hpp"

using namespace noetl;
using doctor::Check;
using doctor::Verdict;
using support::check_found;
using support::completed;
using support::Doctor;
using support::execute;
using support::register_both;
using support::TestServer;
using support::work;

TEST_CASE("R2: an epoch below the attempts, and a row of the log under an epoch that was never reached") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  (void)server.report(completed(server.claim("w", id)));
  Doctor doctor(server);
  CHECK(doctor.rule("fences").verdict == Verdict::ok);
  CHECK(doctor.rule("epochs of the log").verdict == Verdict::ok);

  server.run("insert into noetl.event (event_id, queue_id, event_type, epoch) values (1, " + id.str() +
             ", 'command.failed', 9)");
  check_found(doctor.rule("epochs of the log"), id.str());
  server.run(
      "alter table noetl.queue drop constraint queue_check1, drop constraint queue_duration_us_check; update "
      "noetl.queue set epoch = 0");
  check_found(doctor.rule("fences"), id.str());
}

TEST_CASE("R3: an attempt that is recorded twice, and a key that was used twice") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue(3, "once");
  (void)server.report(completed(server.claim("w", id)));
  const auto other = server.enqueue();
  Doctor doctor(server);
  CHECK(doctor.rule("one end for each attempt").verdict == Verdict::ok);
  CHECK(doctor.rule("idempotency keys").verdict == Verdict::ok);

  server.run(
      "insert into noetl.event (event_id, queue_id, event_type, epoch) select event_id + 1, queue_id, "
      "event_type, epoch from noetl.event_history");
  server.run(
      "drop index noetl.queue_idempotency_key; update noetl.queue set idempotency_key = 'once' where "
      "queue_id = " +
      other.str());

  check_found(doctor.rule("one end for each attempt"), id.str());
  check_found(doctor.rule("idempotency keys"), id.str());
}

TEST_CASE("R4: commands of an ended execution, two ends, and a status without its time") {
  TestServer server;
  server.add_worker("w");
  register_both(server);
  const auto id = execute(server, "tests/called");
  (void)work(server);
  Doctor doctor(server);
  for (const auto* name : {"ended executions are quiet", "one end for each execution", "status and times"}) {
    CHECK(doctor.rule(name).verdict == Verdict::ok);
  }

  server.run("update noetl.queue set status = 'queued', finished_at = null, attempts = 0");
  server.run("insert into noetl.event (event_id, execution_id, event_type) values (1, " + id.str() +
             ", 'playbook.failed')");
  check_found(doctor.rule("ended executions are quiet"), id.str());
  check_found(doctor.rule("one end for each execution"), id.str());
  server.run(
      "alter table noetl.execution drop constraint execution_check; update noetl.execution set finished_at = "
      "null");
  check_found(doctor.rule("status and times"), id.str());
}

TEST_CASE("R6: commands that nobody would free, executions that nothing would wake, callers that are not told") {
  TestServer server;
  server.add_worker("w");
  register_both(server);
  const auto plain = server.enqueue();
  (void)server.claim("w", plain);
  const auto id = execute(server, "tests/caller");
  Doctor doctor(server);
  CHECK(doctor.rule("running commands have a lease").verdict == Verdict::ok);
  CHECK(doctor.rule("running commands have a claim").verdict == Verdict::ok);
  CHECK(doctor.rule("running executions go on").verdict == Verdict::ok);
  CHECK(doctor.rule("callers are resumed").verdict == Verdict::ok);

  server.run("delete from noetl.claim");
  check_found(doctor.rule("running commands have a claim"), plain.str());
  server.run(
      "update noetl.worker set lease_until = now() - interval '5 minutes'; update noetl.queue set claimed_at "
      "= now() - interval '5 minutes' where status = 'running'");
  check_found(doctor.rule("running commands have a lease"), plain.str());
  server.run(
      "delete from noetl.queue where execution_id is not null; update noetl.execution set started_at = now() "
      "- interval '5 minutes'");
  check_found(doctor.rule("running executions go on"), id.str());
  server.run(
      "update noetl.execution set status = 'completed', outstanding = 0, finished_at = now() - interval '5 "
      "minutes',"
      " parent_execution_id = 1, parent_node_id = 'x', is_parent_told = false");
  check_found(doctor.rule("callers are resumed"), id.str());
}

TEST_CASE("R6: a command that is postponed although its execution is not paused") {
  TestServer server;
  register_both(server);
  const auto paused = execute(server, "tests/called");
  (void)queue::pause_execution(server.context, {.execution_id = paused});
  const auto id = execute(server, "tests/called");
  const auto command = server.number("select queue_id from noetl.queue where execution_id = " + id.str());
  Doctor doctor(server);
  CHECK(doctor.rule("only paused ones are postponed").verdict == Verdict::ok);

  server.run("update noetl.queue set available_at = now() + noetl.pause_shift() where queue_id = " +
             std::to_string(command));
  check_found(doctor.rule("only paused ones are postponed"), std::to_string(command));
  (void)queue::pause_execution(server.context, {.execution_id = id, .is_paused = false});

  CHECK(doctor.rule("only paused ones are postponed").verdict == Verdict::ok);
}

TEST_CASE("R6: an execution that runs beyond its limit") {
  TestServer server;
  register_both(server);
  wire::ExecuteRequest request;
  request.path = "tests/called";
  request.timeout = std::chrono::hours(1);
  const auto id = executions::start_execution(server.context, request).value().execution_id;
  Doctor doctor(server);
  CHECK(doctor.rule("time limits hold").verdict == Verdict::ok);

  server.run("update noetl.execution set deadline_at = now() - interval '5 minutes'");

  check_found(doctor.rule("time limits hold"), id.str());
}

TEST_CASE("R6: a pool without a worker, commands that a live worker leaves, and no server are warnings") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  Doctor doctor(server);
  CHECK(doctor.rule("pools have workers").verdict == Verdict::ok);
  CHECK(doctor.rule("due commands are taken").verdict == Verdict::ok);
  CHECK(doctor.rule("somebody does upkeep").verdict == Verdict::warning);

  server.run("update noetl.queue set available_at = now() - interval '10 minutes'");
  const auto overdue = doctor.rule("due commands are taken");
  server.run("update noetl.worker set status = 'lost'");
  const auto pools = doctor.rule("pools have workers");

  CHECK(overdue.verdict == Verdict::warning);
  CHECK(overdue.findings.at(0).id == id.str());
  CHECK(pools.verdict == Verdict::warning);
  CHECK(pools.findings.at(0).id == "default");
}

TEST_CASE("R6: a pool that is paused while commands wait in it is a warning that says since when") {
  TestServer server;
  Doctor doctor(server);
  (void)queue::pause_pool(server.context, "idle", true);
  CHECK(doctor.rule("pools are not paused").verdict == Verdict::ok);

  (void)server.enqueue();
  const auto pool = queue::pause_pool(server.context, "default", true);

  const auto paused = doctor.rule("pools are not paused");
  CHECK(paused.verdict == Verdict::warning);
  CHECK(paused.findings.at(0).id == "default");
  CHECK(paused.findings.at(0).what == "1 commands wait in pool 'default', which is paused since " + pool.paused_at);
}

TEST_CASE("R7: a node that is queued twice, a loop with a gap, and a completed execution with items left") {
  TestServer server;
  server.add_worker("w");
  register_both(server);
  const auto id = execute(server, "tests/caller");
  (void)work(server);
  Doctor doctor(server);
  for (const auto* name : {"nodes are issued once", "loop items are whole", "loop items have ended"}) {
    CHECK(doctor.rule(name).verdict == Verdict::ok);
  }

  server.run(
      "drop index noetl.queue_node; update noetl.queue set node_id = 'end' where node_id = 'start' and "
      "execution_id = " +
      id.str());
  check_found(doctor.rule("nodes are issued once"), id.str());
  server.run("update noetl.loop_item set status = 'pending', result = null where item_index = 2");
  check_found(doctor.rule("loop items have ended"), id.str());
  server.run("delete from noetl.loop_item where item_index = 3");
  check_found(doctor.rule("loop items are whole"), id.str());
}

TEST_CASE("R8: too many attempts, a dead command without a letter, a letter of a living one") {
  TestServer server;
  server.add_worker("w");
  const auto dead = server.enqueue(1);
  (void)server.report(support::failed(server.claim("w", dead), "exception"));
  const auto living = server.enqueue();
  Doctor doctor(server);
  for (const auto* name : {"attempts are bounded", "the dead have letters", "letters are of the dead"}) {
    CHECK(doctor.rule(name).verdict == Verdict::ok);
  }

  server.run("update noetl.dead_letter set queue_id = " + living.str());
  check_found(doctor.rule("the dead have letters"), dead.str());
  check_found(doctor.rule("letters are of the dead"), living.str());
  server.run(
      "alter table noetl.queue drop constraint queue_check; update noetl.queue set attempts = 2, epoch = 2 "
      "where queue_id = " +
      dead.str());
  check_found(doctor.rule("attempts are bounded"), dead.str());
}

TEST_CASE("counters that are off, a clock that is ahead, and a transaction that stays open are warnings") {
  TestServer server;
  (void)server.enqueue();
  Doctor doctor(server);
  CHECK(doctor.rule("counters of the queue").verdict == Verdict::ok);
  CHECK(doctor.rule("clocks of servers").verdict == Verdict::ok);
  CHECK(doctor.rule("long transactions").verdict == Verdict::ok);

  server.run("insert into noetl.queue_change values ('default', 'queued', 5)");
  server.run("update noetl.queue set created_at = created_at - interval '1 hour'");
  server.run("insert into noetl.queue_change values ('other', 'queued', -1)");

  CHECK(doctor.rule("counters of the queue").total == 2);
  // Between the id and the row some tenths of a second may pass.
  CHECK(std::regex_search(doctor.rule("clocks of servers").findings.at(0).what, std::regex("(3600|3599)\\.[0-9] s")));
  CHECK(doctor.rule("clocks of servers").findings.at(0).what.find("ahead of") != std::string::npos);
}

TEST_CASE("a database of another schema is broken, and nothing else is asked of it") {
  const auto url = support::shared_postgres().create_database();

  doctor::DoctorSettings settings;
  settings.stack.database_url = url;
  settings.is_deep = true;
  const auto checks = doctor::examine(settings);

  REQUIRE(checks.size() == 1);
  CHECK(checks[0].verdict == Verdict::broken);
  CHECK(checks[0].cure.find("migrate up") != std::string::npos);
}

TEST_CASE("the stack's checks tell a pool larger than Postgres allows, and a NATS that does not answer") {
  TestServer server;
  doctor::DoctorSettings settings;
  settings.stack.database_url = server.database_url;
  settings.stack.db_pool_size = 100'000;
  settings.stack.notifier.nats.url = "nats://127.0.0.1:1";

  std::map<std::string, Check> checks;
  for (auto& check : doctor::examine(settings)) checks.emplace(check.name, check);

  CHECK(checks.at("schema").verdict == Verdict::ok);
  CHECK(checks.at("connections").verdict == Verdict::broken);
  const std::regex distance("[0-9.]+ ms (ahead of|behind) Postgres's, give or take [0-9.]+ ms");
  CHECK(std::regex_match(checks.at("clock of this machine").summary, distance));
  CHECK(checks.at("durability").verdict != Verdict::unchecked);
  CHECK(checks.at("autovacuum").verdict == Verdict::ok);
  CHECK(checks.at("NATS").verdict == Verdict::warning);
}
