// Executions on a real Postgres: from execute to completed, cancel, idempotency, large results.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/attempts/report_events.hpp"
#include "server/catalog/register_playbook.hpp"
#include "server/executions/cancel_execution.hpp"
#include "server/executions/rerun_execution.hpp"
#include "server/executions/start_execution.hpp"
#include "server/views/read_executions.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::completed;
using support::TestServer;

namespace {
constexpr const char* two_steps = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: two, path: tests/two}
workload: {greeting: hello}
workflow:
  - step: start
    tool: {kind: noop}
    next: [{step: end}]
  - step: end
    tool: {kind: noop}
    args: {said: "{{ workload.greeting }}", size: "{{ start.items | length }}"}
)";

wire::ExecuteAnswer execute(TestServer& server, const std::string& key = {}) {
  wire::ExecuteRequest request;
  request.path = "tests/two";
  request.payload = R"({"greeting":"good day"})";
  request.idempotency_key = key;
  return executions::start_execution(server.context, request).value();
}

base::CommandId queued_of(TestServer& server, base::ExecutionId id) {
  return {server.number("select queue_id from noetl.queue where status = 'queued' and execution_id = " + id.str())};
}
}  // namespace

TEST_CASE("registering an unchanged text returns the version that exists, a changed one makes the next") {
  TestServer server;

  const auto first = catalog::register_playbook(server.context, {two_steps}).value();
  const auto same = catalog::register_playbook(server.context, {two_steps}).value();
  const auto changed = catalog::register_playbook(server.context, {std::string(two_steps) + "# changed\n"}).value();

  CHECK(first.version == 1);
  CHECK_FALSE(same.is_new);
  CHECK(same.catalog_id == first.catalog_id);
  CHECK(changed.version == 2);
}

TEST_CASE("an execution runs its steps and completes with the rendered input") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {two_steps}).value();
  const auto started = execute(server);

  const auto first = server.claim("w", queued_of(server, started.execution_id));
  (void)server.report(completed(first, R"({"items":[1,2,3]})"));
  const auto second = server.claim("w", queued_of(server, started.execution_id));
  (void)server.report(completed(second, R"({"ok":true})"));
  const auto row = views::get_execution(server.context, started.execution_id).value();

  CHECK(nlohmann::json::parse(second.context)["input"] == nlohmann::json({{"said", "good day"}, {"size", 3}}));
  CHECK(row.status == "COMPLETED");
  CHECK(row.completed_steps == std::vector<std::string>{"start", "end"});
  CHECK(nlohmann::json::parse(row.result) == nlohmann::json({{"ok", true}}));
  CHECK(row.outstanding_commands == 0);
}

TEST_CASE("a result too large for the state is stored once, referenced by the event, and read by templates") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {two_steps}).value();
  const auto started = execute(server);
  nlohmann::json large{{"items", std::vector<std::string>(1000, std::string(50, 'x'))}};

  (void)server.report(completed(server.claim("w", queued_of(server, started.execution_id)), large.dump()));
  const auto second = server.claim("w", queued_of(server, started.execution_id));

  CHECK(nlohmann::json::parse(second.context)["input"]["size"] == 1000);
  CHECK(server.number("select count(*) from noetl.result") == 1);
  CHECK(server.number("select max(length(state::text)) from noetl.execution") < 5000);
  CHECK(server.number("select count(*) from noetl.event where payload->>'result_ref' is not null") == 1);
}

TEST_CASE("the same idempotency key gives the first execution, on another path a conflict") {
  TestServer server;
  (void)catalog::register_playbook(server.context, {two_steps}).value();

  const auto first = execute(server, "once");
  const auto again = execute(server, "once");

  CHECK(again.execution_id == first.execution_id);
  CHECK(again.is_duplicate);
  CHECK(server.number("select count(*) from noetl.execution") == 1);
  CHECK(server.number("select count(*) from noetl.queue") == 1);
}

TEST_CASE("a rerun under a known key gives the first one, with its trace; for something else it is a conflict") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {two_steps});
  const auto id = execute(server, "start").execution_id;
  for (int i = 0; i < 2; ++i) (void)server.report(completed(server.claim("w", queued_of(server, id))));
  const executions::RerunRequest request{.execution_id = id,
                                         .from_step = "end",
                                         .idempotency_key = "again",
                                         .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};

  const auto first = executions::rerun_execution(server.context, request).value();
  const auto rows = server.number("select (select count(*) from noetl.queue) + (select count(*) from noetl.event)");
  const auto second = executions::rerun_execution(server.context, request).value();
  CHECK(server.number("select (select count(*) from noetl.queue) + (select count(*) from noetl.event)") == rows);
  auto other = request;
  other.execution_id = first.execution_id;
  (void)server.report(completed(server.claim("w", queued_of(server, first.execution_id))));

  CHECK(second.execution_id == first.execution_id);
  CHECK(second.is_duplicate);
  CHECK(server.number("select count(*) from noetl.execution") == 2);
  CHECK(server.number("select count(*) from noetl.execution e join noetl.queue q using (execution_id) where "
                      "e.traceparent = q.traceparent and q.traceparent like '00-0af7%'") == 1);
  CHECK(executions::rerun_execution(server.context, other).error().code == base::ErrorCode::conflict);
  other.execution_id = id;
  other.idempotency_key = "start";
  CHECK(executions::rerun_execution(server.context, other).error().code == base::ErrorCode::conflict);
}

TEST_CASE(
    "a rerun takes the version that ran, the one that is named, or the latest with what that adds to the workload") {
  TestServer server;
  server.add_worker("w");
  const auto text = [](const std::string& workload, const std::string& step) {
    return "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: fixed, path: tests/fixed}\nworkload: " +
           workload + "\nworkflow:\n  - step: fetch\n    tool: {kind: noop}\n    next: [{step: " + step +
           "}]\n  - step: " + step + "\n    tool: {kind: noop}\n";
  };
  (void)catalog::register_playbook(server.context, {text("{a: 1}", "store")}).value();
  wire::ExecuteRequest execute;
  execute.path = "tests/fixed";
  execute.payload = R"({"a":5})";
  const auto id = executions::start_execution(server.context, execute).value().execution_id;
  for (int i = 0; i < 2; ++i) (void)server.report(completed(server.claim("w", queued_of(server, id))));
  (void)catalog::register_playbook(server.context, {text("{a: 1, b: 2}", "keep")}).value();

  const auto version_of = [&](const executions::RerunRequest& request) {
    const auto again = executions::rerun_execution(server.context, request).value().execution_id;
    return server.number(
        "select version * 1000 + (workload ->> 'a')::int * 10 + coalesce((workload ->> 'b')::int, 0) "
        "from noetl.execution where execution_id = " +
        again.str());
  };
  CHECK(version_of({.execution_id = id}) == 1050);
  CHECK(version_of({.execution_id = id, .takes_latest = true}) == 2052);
  CHECK(version_of({.execution_id = id, .from_step = "keep", .takes_latest = true}) == 2052);
  CHECK(version_of({.execution_id = id, .version = 2}) == 2052);
  CHECK(version_of({.execution_id = id, .version = 1}) == 1050);
  CHECK(executions::rerun_execution(server.context, {.execution_id = id, .version = 3}).error().code ==
        base::ErrorCode::not_found);
  CHECK(executions::rerun_execution(server.context, {.execution_id = id, .version = 3})
            .error()
            .message.ends_with("has no version 3; its latest is 2"));
  CHECK(executions::rerun_execution(server.context, {.execution_id = id, .from_step = "store", .takes_latest = true})
            .error()
            .field == "/from_step");
}

TEST_CASE("a rerun sees a loop's result as the execution before it did") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: loop, path: tests/loop}
workflow:
  - step: each
    loop: {in: [1, 2, 3], iterator: item, mode: parallel}
    tool: {kind: noop}
    next: [{step: end}]
  - step: end
    tool: {kind: noop}
    args: {by_data: "{{ each.data | length }}", by_results: "{{ each.results | length }}", done: "{{ each.stats.completed }}"}
)"});
  wire::ExecuteRequest request;
  request.path = "tests/loop";
  const auto id = executions::start_execution(server.context, request).value().execution_id;
  const auto next = [&](base::ExecutionId of) {
    return base::CommandId{
        server.number("select min(queue_id) from noetl.queue where status = 'queued' and execution_id = " + of.str())};
  };
  for (int i = 0; i < 4; ++i) (void)server.report(completed(server.claim("w", next(id))));

  const auto again =
      executions::rerun_execution(server.context, {.execution_id = id, .from_step = "end"}).value().execution_id;

  const auto input = [&](base::ExecutionId of) {
    return support::sql(server.database_url,
                        "select context ->> 'input' from noetl.queue where step = 'end' and "
                        "execution_id = " +
                            of.str())
        .at(0)
        .at(0);
  };
  CHECK(nlohmann::json::parse(input(id)).at("by_data") == 3);
  CHECK(input(again) == input(id));
}

TEST_CASE("an unknown path is not found and stores nothing") {
  TestServer server;
  wire::ExecuteRequest request;
  request.path = "tests/none";

  const auto answer = executions::start_execution(server.context, request);

  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == base::ErrorCode::not_found);
  CHECK(server.number("select count(*) from noetl.execution") == 0);
}

TEST_CASE("cancel ends an execution and its commands, and is final") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {two_steps}).value();
  const auto started = execute(server);
  const auto running = server.claim("w", queued_of(server, started.execution_id));

  const auto answer = executions::cancel_execution(server.context, {started.execution_id, "enough", true}).value();
  const auto late = server.report(completed(running));
  const auto again = executions::cancel_execution(server.context, {started.execution_id, "again", true}).value();

  CHECK(answer.status == "cancelled");
  CHECK(late.is_duplicate);
  CHECK(again.status == "already_completed");
  CHECK(views::get_execution(server.context, started.execution_id).value().status == "CANCELLED");
  CHECK(server.number("select count(*) from noetl.queue where status in ('queued', 'running')") == 0);
}

TEST_CASE("the shown events are in order, have ids of their own and page without gaps") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {two_steps}).value();
  const auto started = execute(server);
  for (int i = 0; i < 2; ++i)
    (void)server.report(completed(server.claim("w", queued_of(server, started.execution_id))));

  wire::EventFilter all{.execution_id = started.execution_id, .event_type = {}, .step = {}, .after = {}, .limit = 1000};
  const auto events = views::list_events(server.context, all).value();
  std::vector<base::EventId> paged;
  wire::EventFilter page = all;
  page.limit = 2;
  for (auto rows = views::list_events(server.context, page).value(); !rows.empty();
       rows = views::list_events(server.context, page).value()) {
    for (const auto& row : rows) paged.push_back(row.event_id);
    page.after = rows.back().event_id;
  }

  REQUIRE(events.size() == paged.size());
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i].event_id == paged[i]);
  for (std::size_t i = 1; i < events.size(); ++i) CHECK(events[i - 1].event_id < events[i].event_id);
  CHECK(events.front().event_type == "playbook.initialized");
  CHECK(events.back().event_type == "playbook.completed");
}
