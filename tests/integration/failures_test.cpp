// What an execution, its events, its commands and dead letters say of where something failed; and what runs, while it runs.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/views/read_executions.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using support::completed;
using support::TestServer;
using Json = nlohmann::json;

namespace {

std::string playbook(const std::string& workflow) {
  return "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: p, path: tests/p}\nworkload: {items: [{id: 1}, "
         "{id: 2}]}\nworkflow:\n" +
         workflow;
}

base::ExecutionId start(TestServer& server, const std::string& workflow) {
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {playbook(workflow)}).value();
  wire::ExecuteRequest request;
  request.path = "tests/p";
  return executions::start_execution(server.context, request).value().execution_id;
}

domain::ClaimedCommand claim_next(TestServer& server, base::ExecutionId id) {
  server.run("update noetl.queue set available_at = now() where status = 'queued'");
  return server.claim(
      "w",
      {server.number("select min(queue_id) from noetl.queue where status = 'queued' and execution_id = " + id.str())});
}

wire::AttemptReport failed_at(const domain::ClaimedCommand& command, const std::string& message,
                              const std::string& details) {
  auto report = support::failed(command, "exception");
  report.error->message = message;
  report.error->traceback = "Traceback: line 5";
  report.error->details = details;
  return report;
}

std::vector<wire::EventRow> events_of(TestServer& server, base::ExecutionId id, base::EventId after = {},
                                      int limit = 1000) {
  return views::list_events(server.context,
                            {.execution_id = id, .event_type = {}, .step = {}, .after = after, .limit = limit})
      .value();
}

Json error_of(TestServer& server, base::ExecutionId id) {
  return Json::parse(views::get_execution(server.context, id).value().error);
}

}  // namespace

TEST_CASE(
    "an execution that failed says the step, the line, the traceback and which attempt it was, and has no result of "
    "another step") {
  TestServer server;
  const auto id = start(
      server,
      "  - step: start\n    tool: {kind: noop}\n    next: [{step: transform}]\n"
      "  - step: transform\n    tool: {kind: python, code: x, spec: {retry: {max_attempts: 3, initial_delay: 0}}}\n");
  (void)server.report(completed(claim_next(server, id), R"({"rows": [1, 2, 3]})"));
  for (int i = 0; i < 3; ++i)
    (void)server.report(failed_at(claim_next(server, id), "KeyError: 'prise'", R"({"code":"r['prise']","line":5})"));

  const auto execution = views::get_execution(server.context, id).value();
  const Json error = Json::parse(execution.error);
  CHECK(execution.status == "FAILED");
  CHECK(execution.result == "null");
  CHECK(error["kind"] == "exception");
  CHECK(error["message"] == "KeyError: 'prise'");
  CHECK(error["step"] == "transform");
  CHECK(error["line"] == 5);
  CHECK(error["code"] == "r['prise']");
  CHECK(error["traceback"] == "Traceback: line 5");
  CHECK(error["attempt"] == 3);
  CHECK(error["attempts"] == 3);

  std::vector<Json> attempts;
  for (const auto& event : events_of(server, id)) {
    if (event.event_type != "call.error") continue;
    const Json one = Json::parse(event.payload).at("error");
    CHECK(one["line"] == 5);
    CHECK(one["step"] == "transform");
    CHECK(one["attempts"] == 3);
    CHECK(Json::parse(event.meta)["attempt"] == one["attempt"]);
    attempts.push_back(one["attempt"]);
  }
  CHECK(attempts == std::vector<Json>{1, 2, 3});
  CHECK(Json::parse(support::sql(server.database_url, "select error from noetl.queue where node_id = 'transform~3'")
                        .at(0)
                        .at(0))["attempt"] == 3);
  for (const auto& event : events_of(server, id)) {
    if (event.event_type == "playbook.failed") CHECK_FALSE(Json::parse(event.payload).contains("result"));
  }
}

TEST_CASE(
    "a failed item of a loop is named by its index and its beginning, in the events and in the execution's error") {
  TestServer server;
  const auto id = start(
      server,
      "  - step: start\n    loop: {in: '{{ workload.items }}', iterator: city}\n    tool: {kind: python, code: x}\n");
  (void)server.report(completed(claim_next(server, id)));
  (void)server.report(failed_at(claim_next(server, id), "boom", "{}"));

  const Json error = error_of(server, id);
  CHECK(error["message"] == "1 of 2 items failed; the first of them, item 1: boom");
  CHECK(error["item"] == Json{{"index", 1}, {"value", R"({"id":2})"}});
  CHECK(error["traceback"] == "Traceback: line 5");
  CHECK(error["attempt"] == 1);
  for (const auto& event : events_of(server, id)) {
    if (event.event_type == "call.error") CHECK(Json::parse(event.payload)["error"]["item"]["index"] == 1);
  }
}

TEST_CASE("a task of a pipeline is named, and a template that gave nothing") {
  TestServer server;
  const auto id = start(server,
                        "  - step: start\n    tool:\n      - {name: get, kind: noop}\n"
                        "      - {name: clean, kind: python, code: x, input: {rows: '{{ fecth.results }}', all: '{{ "
                        "workload.items }}'}}\n");
  (void)server.report(failed_at(claim_next(server, id), "TypeError: 'NoneType' object is not iterable", "{}"));

  const Json error = error_of(server, id);
  CHECK(error["task"] == "clean");
  CHECK(error["templates"] == Json{"input.rows: {{ fecth.results }}"});
}

TEST_CASE("a template that gave nothing is named as well where it is a part of a longer text") {
  TestServer server;
  const auto id =
      start(server,
            "  - step: start\n    tool:\n      kind: http\n      url: 'http://x/{{ workload.itmes }}/{{ start_at }}'\n"
            "      method: GET\n      data: {text: 'Hello {{ workload.nmae }}, {{ workload.nmae }} and {{ "
            "workload.other | default(1) }}!', list: ['{{ workload.items }} items'], token: 'Bearer {{ "
            "keychain.api.token }}'}\n");
  (void)server.report(failed_at(claim_next(server, id), "POST http://x// answered 404", "{}"));

  const Json templates = error_of(server, id)["templates"];
  CHECK(templates == Json{"data.text: {{ workload.nmae }}", "url: {{ workload.itmes }}", "url: {{ start_at }}"});
}

TEST_CASE("a dead letter and a plain command say which attempt of how many it was") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue(2);
  for (int i = 0; i < 2; ++i) {
    server.run("update noetl.queue set available_at = now() where status = 'queued'");
    (void)server.report(failed_at(server.claim("w", id), "boom", R"({"line":2})"));
  }

  for (const auto* table : {"queue", "dead_letter"}) {
    const Json error =
        Json::parse(support::sql(server.database_url, std::string("select error from noetl.") + table).at(0).at(0));
    CHECK(error["attempt"] == 2);
    CHECK(error["attempts"] == 2);
    CHECK(error["line"] == 2);
  }
}

TEST_CASE("what runs is in the events while it runs, under the ids that it keeps, in order of time") {
  TestServer server;
  const auto id = start(
      server,
      "  - step: start\n    tool: {kind: noop}\n    next: [{step: end}]\n  - step: end\n    tool: {kind: noop}\n");
  const auto command = claim_next(server, id);
  std::vector<wire::EventRow> running;
  support::wait_until("the beginning, of which nothing is shown within its first millisecond", std::chrono::seconds(5),
                      [&] {
                        running = events_of(server, id);
                        return running.size() >= 5;
                      });

  REQUIRE(running.size() == 5);  // initialized, issued and these
  CHECK(running[2].event_type == "command.claimed");
  CHECK(running[3].event_type == "command.started");
  CHECK(running[4].event_type == "step.enter");
  CHECK(running[4].step == "start");
  CHECK(running[4].worker_id == "w");
  CHECK(events_of(server, id, running.back().event_id).empty());

  (void)server.report(completed(command));
  const auto all = events_of(server, id);
  REQUIRE(all.size() > 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(all[i].event_id == running[i].event_id);
    CHECK(all[i].event_type == running[i].event_type);
    CHECK(all[i].created_at == running[i].created_at);
  }
  const auto rest = events_of(server, id, running.back().event_id);
  REQUIRE(rest.size() == all.size() - 5);
  CHECK(rest[0].event_type == "call.done");
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i - 1].event_id < all[i].event_id);
}

TEST_CASE("a page gives the beginning of an attempt whose end is pages away, and gives it once") {
  TestServer server;
  const auto id = start(server,
                        "  - step: start\n    loop: {in: '{{ range(0, 600) | list }}', mode: parallel, spec: "
                        "{max_in_flight: 600}}\n    tool: {kind: noop}\n");
  server.run("update noetl.worker set lease_until = now() + interval '1 hour'");
  const auto rows =
      support::sql(server.database_url, "select queue_id from noetl.queue where status = 'queued' order by queue_id");
  const auto first = server.claim("w", {*base::parse_id(rows.at(0).at(0))});
  support::wait_until("the beginning of the first", std::chrono::seconds(5),
                      [&] { return events_of(server, id, {}, 1000).back().event_type == "step.enter"; });
  for (;;) {
    const auto waiting = server.number("select coalesce(min(queue_id), 0) from noetl.queue where status = 'queued'");
    if (waiting == 0) break;
    (void)server.report(completed(server.claim("w", {waiting})));
  }
  (void)server.report(completed(first));

  std::map<base::CommandId, int> entered;
  std::vector<base::EventId> ids;
  base::EventId after;
  for (auto page = events_of(server, id, after, 100); !page.empty(); page = events_of(server, id, after, 100)) {
    for (const auto& event : page) {
      ids.push_back(event.event_id);
      if (event.event_type == "step.enter") ++entered[event.queue_id];
    }
    after = page.back().event_id;
  }
  CHECK(entered.size() == 600);
  CHECK(std::ranges::all_of(entered, [](const auto& one) { return one.second == 1; }));
  CHECK(std::ranges::is_sorted(ids, {}, &base::EventId::value));
  const auto all = events_of(server, id, {}, 1000);
  const auto begun = std::ranges::find_if(all, [&](const auto& event) {
    return event.event_type == "step.enter" && event.queue_id == first.lease.queue_id;
  });
  CHECK(begun != all.end());
}
