// Dead letters on a real Postgres: grouped by cause, redriven once with attempts of their own, purged.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "server/attempts/reclaim_leases.hpp"
#include "server/catalog/register_playbook.hpp"
#include "server/dead_letters/dead_letters.hpp"
#include "server/dead_letters/redrive_dead.hpp"
#include "server/executions/start_execution.hpp"
#include "server/postgres/session.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/store/queue/dead_letter_table.hpp"
#include "server/upkeep/record_max_deliveries.hpp"
#include "server/views/read_queue.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;
using Json = nlohmann::json;

namespace {
// A command of that tool that has died of that message.
base::CommandId dead(TestServer& server, const std::string& kind, const std::string& message,
                     const std::string& pool = "default") {
  wire::NewCommand command;
  command.tool_kind = kind;
  command.tool = R"({"kind":")" + kind + R"(","path":"/a"})";
  command.input = R"({"amount":1,"to":{"name":"x"}})";
  command.pool = pool;
  command.max_attempts = 1;
  const auto id = queue::enqueue_commands(server.context, {command}).value().at(0).queue_id;
  const std::string worker = pool == "default" ? "w" : "w-" + pool;
  if (pool != "default") server.add_worker(worker, pool);
  auto report = support::failed(server.claim(worker, id), "exception");
  report.error->message = message;
  (void)server.report(report, worker);
  REQUIRE(server.status_of(id) == "dead");
  return id;
}

struct Dead : TestServer {
  Dead() { add_worker("w"); }
};

std::vector<base::CommandId> ids_of(const std::vector<wire::DeadLetter>& letters) {
  std::vector<base::CommandId> ids;
  for (const auto& letter : letters) ids.push_back(letter.queue_id);
  return ids;
}

wire::RedriveRequest these(std::vector<base::CommandId> ids) {
  wire::RedriveRequest request;
  request.queue_ids = std::move(ids);
  return request;
}

wire::RedriveRequest all_of(wire::DeadFilter filter) {
  wire::RedriveRequest request;
  request.filter = std::move(filter);
  return request;
}
}  // namespace

TEST_CASE("dead letters of one cause are one group, whatever numbers and names are in their messages") {
  Dead server;
  (void)dead(server, "http", "connection to 10.0.0.7:5432 refused after 3.1s");
  (void)dead(server, "http", "connection to 10.0.0.8:5433 refused after 12s", "other");
  const auto last = dead(server, "python", "no such file: '/tmp/a/7'");

  const auto groups = dead_letters::group_dead(server.context, {}, 100);

  REQUIRE(groups.size() == 2);
  CHECK(groups[0].count == 2);
  CHECK(groups[0].tool_kind == "http");
  CHECK(groups[0].message == "connection to 10.0.0.8:5433 refused after 12s");
  CHECK(Json::parse(groups[0].pools) == Json({"default", "other"}));
  CHECK(groups[1].newest == last);
  wire::DeadFilter filter;
  filter.fingerprint = groups[1].fingerprint;
  CHECK(ids_of(dead_letters::list_dead(server.context, filter, 100)) == std::vector{last});
}

TEST_CASE("the list of letters is filtered and paged, newest first") {
  Dead server;
  const auto first = dead(server, "http", "a");
  const auto second = dead(server, "http", "b", "other");
  const auto third = dead(server, "shell", "c");

  CHECK(ids_of(dead_letters::list_dead(server.context, {}, 2)) == std::vector{third, second});
  wire::DeadFilter older;
  older.before = second;
  CHECK(ids_of(dead_letters::list_dead(server.context, older, 2)) == std::vector{first});
  wire::DeadFilter newer;
  newer.after = first;
  newer.tool_kind = "http";
  CHECK(ids_of(dead_letters::list_dead(server.context, newer, 9)) == std::vector{second});
  wire::DeadFilter of_pool;
  of_pool.pool = "other";
  CHECK(ids_of(dead_letters::list_dead(server.context, of_pool, 9)) == std::vector{second});
}

TEST_CASE("one letter is shown with context, error and attempts; a command that lives has none") {
  Dead server;
  const auto id = dead(server, "http", "broken");
  const auto waiting = server.enqueue();

  const auto found = dead_letters::get_dead(server.context, id).value();

  CHECK(Json::parse(found.context)["input"]["amount"] == 1);
  CHECK(Json::parse(found.letter.error)["message"] == "broken");
  CHECK(found.letter.attempts == 1);
  CHECK(found.letter.fingerprint.size() == 16);
  CHECK(dead_letters::get_dead(server.context, waiting).error().code == base::ErrorCode::not_found);
}

TEST_CASE("a redriven command is a new one with attempts of its own, and the old one stays dead") {
  Dead server;
  const auto old = dead(server, "http", "broken");
  (void)server.notifier.take();

  const auto answer = dead_letters::redrive_dead(server.context, these({old})).value();

  REQUIRE(answer.redriven.size() == 1);
  const auto made = answer.redriven[0].redriven_as;
  CHECK(server.status_of(old) == "dead");
  const auto row = views::get_command(server.context, made).value();
  CHECK(row.status == "queued");
  CHECK(row.attempts == 0);
  CHECK(row.max_attempts == 1);
  CHECK(row.redriven_from == old);
  CHECK(Json::parse(row.context)["input"]["amount"] == 1);
  REQUIRE(server.notifier.notifications().size() == 1);
  CHECK(server.notifier.notifications()[0].queue_id == made);
  (void)server.report(support::completed(server.claim("w", made)));
  CHECK(server.status_of(made) == "done");
  const auto letter = dead_letters::get_dead(server.context, old).value().letter;
  CHECK(letter.redriven_as == made);
  CHECK_FALSE(letter.closed_at.empty());
  CHECK(dead_letters::list_dead(server.context, {}, 9).empty());
  CHECK(server.number("select sum(change) from noetl.queue_change where status = 'queued'") == 0);
}

TEST_CASE("redriving again is refused with the id of the first time, also from two sides at once") {
  Dead server;
  std::vector<base::CommandId> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(dead(server, "http", "broken"));

  std::vector<wire::RedriveAnswer> answers(2);
  {
    std::vector<std::jthread> sides;
    for (auto& answer : answers)
      sides.emplace_back([&] { answer = dead_letters::redrive_dead(server.context, these(ids)).value(); });
  }

  CHECK(answers[0].redriven.size() + answers[1].redriven.size() == ids.size());
  CHECK(answers[0].refused.size() + answers[1].refused.size() == ids.size());
  CHECK(server.number("select count(*) from noetl.queue where redriven_from is not null") == 40);
  const auto again = dead_letters::redrive_dead(server.context, these({ids[0]})).value();
  REQUIRE(again.refused.size() == 1);
  CHECK(again.refused[0].code == "conflict");
  const auto first = dead_letters::get_dead(server.context, ids[0]).value().letter.redriven_as;
  CHECK(again.refused[0].message.find(first.str()) != std::string::npos);
}

TEST_CASE("a redriven command that dies has a letter of its own and can be redriven in its turn") {
  Dead server;
  const auto old = dead(server, "http", "broken");
  const auto second = dead_letters::redrive_dead(server.context, these({old})).value().redriven.at(0).redriven_as;
  (void)server.report(support::failed(server.claim("w", second), "exception"));

  const auto third = dead_letters::redrive_dead(server.context, these({second})).value();

  CHECK(third.redriven.size() == 1);
  CHECK(dead_letters::get_dead(server.context, second).value().redriven_from == old);
}

TEST_CASE("input and tool are merged with the edit, field by field; a null takes a field away") {
  Dead server;
  const auto old = dead(server, "http", "broken");
  auto request = these({old});
  request.input_patch = R"({"amount":2,"to":{"name":null,"city":"y"}})";
  request.tool_patch = R"({"kind":"noop"})";
  request.max_attempts = 7;

  const auto made = dead_letters::redrive_dead(server.context, request).value().redriven.at(0).redriven_as;

  const auto row = views::get_command(server.context, made).value();
  const auto context = Json::parse(row.context);
  CHECK(context["input"] == Json::parse(R"({"amount":2,"to":{"city":"y"}})"));
  CHECK(context["tool"] == Json::parse(R"({"kind":"noop","path":"/a"})"));
  CHECK(row.tool_kind == "noop");
  CHECK(row.step == "noop");
  CHECK(row.max_attempts == 7);
}

TEST_CASE("an edit that leaves no tool changes nothing") {
  Dead server;
  const auto old = dead(server, "http", "broken");
  auto request = these({old});
  request.tool_patch = R"({"kind":null})";

  const auto refused = dead_letters::redrive_dead(server.context, request);

  CHECK(refused.error().code == base::ErrorCode::invalid_input);
  CHECK(refused.error().message.find(old.str()) != std::string::npos);
  CHECK(server.number("select count(*) from noetl.queue") == 1);
}

TEST_CASE("a dry run changes nothing and shows what would be") {
  Dead server;
  (void)dead(server, "http", "broken");
  (void)dead(server, "http", "broken");
  auto request = all_of({});
  request.is_dry_run = true;
  request.input_patch = R"({"amount":9})";
  (void)server.notifier.take();

  const auto answer = dead_letters::redrive_dead(server.context, request).value();

  CHECK(answer.redriven.size() == 2);
  CHECK_FALSE(answer.redriven[0].redriven_as.is_set());
  CHECK(Json::parse(answer.sample)["input"]["amount"] == 9);
  CHECK(server.number("select count(*) from noetl.queue") == 2);
  CHECK(server.notifier.notifications().empty());
  CHECK(dead_letters::list_dead(server.context, {}, 9).size() == 2);
}

TEST_CASE("a paced redrive becomes due bit by bit, across its transactions") {
  Dead server;
  server.run(
      "insert into noetl.queue (queue_id, step, tool_kind, pool, max_attempts, attempts, epoch, status, "
      "context, finished_at) "
      "select i, 'noop', 'noop', 'default', 1, 1, 1, 'dead', '{\"tool\":{\"kind\":\"noop\"},\"input\":{}}', "
      "now() "
      "from generate_series(1, 1200) as i; "
      "insert into noetl.dead_letter (queue_id, pool, tool_kind, error_kind, error, attempts) "
      "select i, 'default', 'noop', 'exception', '{}', 1 from generate_series(1, 1200) as i");
  auto request = all_of({});
  request.rate_per_second = 10;
  request.limit = 1100;

  const auto answer = dead_letters::redrive_dead(server.context, request).value();

  CHECK(answer.redriven.size() == 1100);
  CHECK(answer.redriven.front().queue_id.value == 1);
  CHECK(answer.redriven.back().delay_ms == 109'900);
  CHECK(server.number("select count(*) from noetl.queue where redriven_from is not null and available_at is null") ==
        1);
  CHECK(server.number("select count(*) from noetl.queue where available_at between now() + interval '45 "
                      "seconds' and now() + interval '55 seconds'") > 90);
  CHECK(server.notifier.notifications().size() == 1);
  CHECK(dead_letters::list_dead(server.context, {}, 1000).size() == 100);
}

TEST_CASE("a step's command is not redriven: its execution is run again from that step") {
  Dead server;
  (void)catalog::register_playbook(server.context, {R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: one, path: tests/one}
workflow:
  - step: fetch
    tool: {kind: noop}
)"})
      .value();
  wire::ExecuteRequest execute;
  execute.path = "tests/one";
  const auto execution = executions::start_execution(server.context, execute).value().execution_id;
  server.run("update noetl.queue set max_attempts = 1");
  const base::CommandId step{server.number("select queue_id from noetl.queue")};
  (void)server.claim("w", step);
  server.run("update noetl.worker set status = 'lost', lease_until = now() - interval '1 second'");
  (void)attempts::reclaim_leases(server.context, std::nullopt, "the lease of its worker ran out");
  REQUIRE(server.status_of(step) == "dead");

  const auto named = dead_letters::redrive_dead(server.context, these({step})).value();
  const auto filtered = dead_letters::redrive_dead(server.context, all_of({})).value();

  REQUIRE(named.refused.size() == 1);
  CHECK(named.refused[0].code == "unsupported");
  CHECK(named.refused[0].message.find("noetlctl execution rerun " + execution.str() + " --from fetch") !=
        std::string::npos);
  CHECK(filtered.redriven.empty());
  CHECK(filtered.steps_left == 1);
  CHECK(dead_letters::purge_one_dead(server.context, step).value().count == 1);
  CHECK(server.number("select count(*) from noetl.queue") == 1);
  CHECK(dead_letters::list_dead(server.context, {}, 9).empty());
  CHECK_FALSE(dead_letters::get_dead(server.context, step).value().letter.closed_at.empty());
  // Its letter stays as long as the execution: a purge of everything has nothing left to do, and says so before.
  wire::DeadFilter everything;
  everything.state = "all";
  CHECK(dead_letters::purge_dead(server.context, everything, true).count == 0);
  CHECK(dead_letters::purge_dead(server.context, everything, false).count == 0);
}

TEST_CASE("letters of one cause are found by their index, whatever else has died") {
  Dead server;
  server.run(
      "insert into noetl.dead_letter (queue_id, pool, tool_kind, error_kind, error, attempts, fingerprint) "
      "select n, "
      "'default', 'noop', 'exception', '{}', 1, 'f' || n % 1000 from generate_series(1, 20000) as n");
  wire::DeadFilter cause;
  cause.fingerprint = "f7";

  CHECK(dead_letters::list_dead(server.context, cause, 100).size() == 20);
  CHECK(dead_letters::group_dead(server.context, cause, 100).at(0).count == 20);
  CHECK(dead_letters::purge_dead(server.context, cause, true).count == 20);
  server.connections.run_one([&](postgres::Session& session) {
    for (const std::string call : {"dead_letters_of_cause('f7', '', '', '', 0, 0, 'open', 100)",
                                   "dead_ids_of_cause('f7', '', '', '', 0, 0, 'open', 100, false, true)"}) {
      std::string plan;
      (void)store::DeadLetterTable(session).list(cause, 1);  // prepares it
      (void)store::DeadLetterTable(session).ids(cause, 1, store::DeadFor::purge);
      for (const auto& row : session.transaction().exec("explain execute " + call))
        plan += std::string(row[0].c_str()) + "\n";
      CAPTURE(plan);
      CHECK(plan.find("dead_letter_fingerprint") != std::string::npos);
    }
  });
}

TEST_CASE("purging takes letters and their plain commands, as the filter says, and counts them") {
  Dead server;
  const auto kept = dead(server, "http", "a");
  (void)dead(server, "shell", "b");
  (void)dead(server, "shell", "c");
  wire::DeadFilter filter;
  filter.tool_kind = "shell";

  CHECK(dead_letters::purge_dead(server.context, filter, true).count == 2);
  CHECK(dead_letters::list_dead(server.context, {}, 9).size() == 3);
  CHECK(dead_letters::purge_dead(server.context, filter, false).count == 2);

  CHECK(ids_of(dead_letters::list_dead(server.context, {}, 9)) == std::vector{kept});
  CHECK(server.number("select count(*) from noetl.queue") == 1);
  CHECK(server.number("select sum(change) from noetl.queue_change where status = 'dead'") == 1);
  CHECK(dead_letters::purge_one_dead(server.context, kept).value().count == 1);
  CHECK(dead_letters::purge_one_dead(server.context, kept).error().code == base::ErrorCode::not_found);
}

TEST_CASE("a notification that JetStream gave up becomes an event, and its command is notified again while it waits") {
  Dead server;
  const auto waiting = server.enqueue();
  const auto ended = dead(server, "http", "broken");
  const auto delayed = server.enqueue();
  server.run("update noetl.queue set available_at = now() + interval '1 hour' where queue_id = " + delayed.str());
  (void)server.notifier.take();
  server.notifier.pretend_max_deliveries({{.queue_id = waiting, .consumer = "c", .sequence = 17, .deliveries = 3},
                                          {.queue_id = ended, .consumer = "c", .sequence = 18, .deliveries = 3},
                                          {.queue_id = {}, .consumer = "c", .sequence = 19, .deliveries = 3},
                                          {.queue_id = delayed, .consumer = "c", .sequence = 20, .deliveries = 3}});

  upkeep::AdvisoryBudget budget;
  const auto recorded = upkeep::record_max_deliveries(server.context, budget);
  CHECK(recorded.recorded == 3);
  CHECK(recorded.dropped == 1);  // of no command

  REQUIRE(server.notifier.notifications().size() == 1);
  CHECK(server.notifier.notifications()[0].queue_id == waiting);
  CHECK(server.notifier.notifications()[0].redelivery > 0);
  CHECK(server.number("select count(*) from noetl.event where event_type = 'notification.given_up'") == 3);
  CHECK(server.number("select count(*) from noetl.event where event_type = 'notification.given_up' and "
                      "status = 'queued' and queue_id = " +
                      waiting.str()) == 1);
  CHECK(upkeep::record_max_deliveries(server.context, budget).recorded == 0);
}

TEST_CASE("of forged advisories, of no command or of one command without end, nothing is stored, or sixty a minute") {
  Dead server;
  const auto waiting = server.enqueue();
  std::vector<notify::MaxDeliveriesAdvisory> forged;
  for (std::uint64_t i = 0; i < 100; ++i)
    forged.push_back(
        {.queue_id = i < 20 ? base::CommandId{42} : waiting, .consumer = "c", .sequence = i, .deliveries = 3});
  upkeep::AdvisoryBudget budget;

  int recorded = 0, dropped = 0;
  for (int round = 0; round < 3; ++round) {
    server.notifier.pretend_max_deliveries(forged);
    const auto found = upkeep::record_max_deliveries(server.context, budget);
    recorded += found.recorded;
    dropped += found.dropped;
  }

  CHECK(recorded == upkeep::AdvisoryBudget::a_minute);
  CHECK(dropped == 300 - upkeep::AdvisoryBudget::a_minute);
  CHECK(server.number("select count(*) from noetl.event") == upkeep::AdvisoryBudget::a_minute);
}
