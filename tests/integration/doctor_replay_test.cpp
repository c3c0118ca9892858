// R5 on a real Postgres: executions are decided about anew from their log and compared with what is stored.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/attempts/report_events.hpp"
#include "server/executions/cancel_execution.hpp"
#include "server/executions/rerun_execution.hpp"
#include "server/views/execution_variables.hpp"
#include "tests/integration/doctor_fixture.hpp"

using namespace noetl;
using doctor::Verdict;
using support::completed;
using support::Doctor;
using support::execute;
using support::queued;
using support::register_both;
using support::TestServer;
using support::work;

TEST_CASE(
    "a database with loops, called playbooks, large results, failures, variables, a cancel and a rerun is "
    "sound") {
  TestServer server;
  server.add_worker("w");
  register_both(server);
  (void)work(server);
  const auto whole = execute(server, "tests/caller");
  (void)server.report(
      completed(server.claim("w", queued(server).front()),
                nlohmann::json{{"items", std::vector<std::string>(1000, std::string(90, 'x'))}}.dump()));
  CHECK(views::set_variables(
      server.context,
      {.execution_id = whole,
       .variables = {{.name = "greeting", .value = R"("good day")", .var_type = "user_defined", .source_step = ""},
                     {.name = "gone", .value = "1", .var_type = "user_defined", .source_step = ""}}}));
  CHECK(views::delete_variable(server.context, whole, "gone"));
  CHECK(work(server) == 7);
  const auto failing = execute(server, "tests/caller");
  (void)work(server, 2);
  (void)server.report(support::failed(server.claim("w", queued(server).front()), "exception"));
  (void)work(server);
  const auto cancelled = execute(server, "tests/caller");
  (void)work(server, 3);
  (void)executions::cancel_execution(server.context, {cancelled, "enough", true}).value();
  const auto again =
      executions::rerun_execution(server.context, {.execution_id = whole, .from_step = "nested", .payload = "{}"})
          .value()
          .execution_id;
  (void)work(server);
  (void)execute(server, "tests/caller");
  (void)work(server, 4);
  server.run("update noetl.execution set started_at = started_at - interval '5 minutes'");

  Doctor doctor(server);
  for (const auto& check : doctor::check_rules(doctor.connections, true)) {
    INFO(check.name << ": " << check.summary);
    CHECK((check.verdict == Verdict::ok || check.rule == "R6" || check.rule.empty()));
    CHECK(check.verdict != Verdict::broken);
    CHECK(check.verdict != Verdict::unchecked);
  }
  const auto replays = doctor.replays();

  INFO(replays.summary);
  CHECK(replays.verdict == Verdict::ok);
  CHECK(replays.summary == "7 executions replayed and found as stored");
  for (const auto& [id, status] : std::map<base::ExecutionId, std::string>{
           {whole, "completed"}, {failing, "failed"}, {cancelled, "cancelled"}, {again, "completed"}}) {
    CHECK(support::sql(server.database_url,
                       "select status from noetl.execution where execution_id = " + id.str())[0][0] == status);
  }
}

TEST_CASE(
    "the replay finds a changed state, a changed end, a lost row of the log, a lost command and a lost "
    "item") {
  TestServer server;
  server.add_worker("w");
  register_both(server);
  const auto id = execute(server, "tests/caller");
  (void)work(server);
  const auto where = " where execution_id = " + id.str();
  struct Damage {
    std::string statement, says;
  };
  const std::vector<Damage> damages{
      {"update noetl.execution set state = jsonb_set(state::jsonb, '{variables}', '{\"x\":1}')::json" + where,
       "/variables/x"},
      {"update noetl.execution set result = '7'" + where, "the row differs at /result"},
      {"delete from noetl.event where meta::text like '%\"sequence\":3%'" + std::string(" and execution_id = ") +
           id.str(),
       "number 3 is not in its log"},
      {"delete from noetl.queue where node_id like 'each[2]%' and execution_id = " + id.str(),
       "was issued, but is not in the queue"},
      {"delete from noetl.loop_item where item_index = 4" + std::string(" and execution_id = ") + id.str(),
       "items by the log"},
      {"update noetl.loop_item set result = '0' where item_index = 1", "item 1 of loop"},
  };
  Doctor doctor(server);
  REQUIRE(doctor.replays().verdict == Verdict::ok);
  server.run(
      "create table saved_execution as table noetl.execution; create table saved_event as table noetl.event;"
      "create table saved_queue as table noetl.queue; create table saved_item as table noetl.loop_item");

  for (const auto& damage : damages) {
    server.run(damage.statement);
    const auto check = doctor.replays();
    INFO(damage.statement << " → " << check.summary);
    CHECK(check.verdict == Verdict::broken);
    REQUIRE(check.findings.size() == 1);
    CHECK(check.findings[0].id == id.str());
    CHECK(check.findings[0].what.find(damage.says) != std::string::npos);
    server.run(
        "delete from noetl.execution; insert into noetl.execution select * from saved_execution;"
        "delete from noetl.event; insert into noetl.event select * from saved_event;"
        "delete from noetl.queue; insert into noetl.queue select * from saved_queue;"
        "delete from noetl.loop_item; insert into noetl.loop_item select * from saved_item");
  }

  CHECK(doctor.replays().verdict == Verdict::ok);
}

TEST_CASE("rows of the log are replayed in the order of application, whichever clock their ids come from") {
  TestServer server;
  server.add_worker("w");
  register_both(server);
  const auto id = execute(server, "tests/caller");
  (void)work(server);

  // As if another server, a minute behind, had written the fourth change.
  server.run(
      "update noetl.event set event_id = event_id - 60000::bigint * 4194304 where meta::text like "
      "'%\"sequence\":4%' and execution_id = " +
      id.str());

  Doctor doctor(server);
  const auto check = doctor.replays();
  INFO(check.summary);
  CHECK(check.verdict == Verdict::ok);
}

TEST_CASE("an execution that began before its log was numbered is counted as not replayed") {
  TestServer server;
  server.add_worker("w");
  register_both(server);
  (void)execute(server, "tests/called");
  (void)work(server);
  server.run(
      "update noetl.execution set state = (state::jsonb - 'decisions')::json; update noetl.event set meta = "
      "(meta::jsonb - 'sequence')::json");

  Doctor doctor(server);
  const auto check = doctor.replays();

  CHECK(check.verdict == Verdict::ok);
  CHECK(check.summary.find("0 executions replayed") == 0);
  CHECK(check.summary.find("1 cannot be replayed") != std::string::npos);
}

TEST_CASE("an event that a client sends cannot pass for a change of the state") {
  TestServer server;
  server.add_worker("w");
  register_both(server);
  const auto id = execute(server, "tests/called");
  wire::ReportRequest request;
  request.worker_id = "w";
  wire::StepEvent event;
  event.execution_id = id;
  event.step = "start";
  event.name = "ctx.updated";
  event.payload = R"({"set":{"x":1}})";
  event.meta = R"({"s\u0065quence":2,"color":"red"})";
  request.events = {event};
  CHECK(attempts::report_events(server.context, request));
  (void)work(server);

  Doctor doctor(server);
  const auto check = doctor.replays();

  INFO(check.summary);
  CHECK(check.verdict == Verdict::ok);
  CHECK(server.number("select count(*) from noetl.event where meta->>'color' = 'red' and meta->>'sequence' is null") ==
        1);
}
