// What a worker reports that has run ahead of the server: decided here again, fenced, once, and only as far as it follows.
#include "server/attempts/run_ahead.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/pause.hpp"
#include "shared/engine/ahead.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::completed;
using support::TestServer;

namespace {

constexpr const char* loop_of_six = R"(
metadata: {name: line, path: tests/line}
workflow:
  - step: line
    loop: {in: [1, 2, 3, 4, 5, 6], iterator: n, spec: {mode: sequential}}
    tool: {kind: python, code: "x"}
)";

struct Line {
  Line() {
    server.add_worker("w");
    server.add_worker("other");
    REQUIRE(catalog::register_playbook(server.context, {.content = loop_of_six}));
    wire::ExecuteRequest request;
    request.path = "tests/line";
    execution_id = executions::start_execution(server.context, request).value().execution_id;
    first = server.claim("w", {server.number("select queue_id from noetl.queue")});
  }
  static wire::AheadEnd of_lease(const domain::ClaimedCommand& command) {
    return {.node_id = {}, .attempt = completed(command), .begun_ago = std::chrono::milliseconds(5)};
  }
  static wire::AheadEnd of_node(const std::string& node_id) {
    wire::AheadEnd end{.node_id = node_id, .attempt = {}, .begun_ago = std::chrono::milliseconds(3)};
    end.attempt.result = R"({"n":1})";
    return end;
  }
  wire::AheadAnswer call(std::vector<wire::AheadEnd> ended, std::vector<std::string> begun, std::int64_t decisions = 0,
                         const std::string& worker_id = "w") {
    wire::AheadRequest request;
    request.worker_id = worker_id;
    request.ended = std::move(ended);
    for (auto& node : begun) request.begun.push_back({.node_id = std::move(node), .begun_ago = {}});
    request.takes = begun.empty();
    request.decisions = decisions;
    request.decisions_version = engine::decisions_version;
    return attempts::run_ahead(server.context, request).value();
  }
  std::int64_t count(const std::string& where) {
    return server.number("select count(*) from noetl.queue where " + where);
  }

  TestServer server;
  base::ExecutionId execution_id;
  domain::ClaimedCommand first;
};

}  // namespace

TEST_CASE("the worker of a loop's first item is given the next, and what it needs to decide further") {
  Line line;

  const auto answer = line.call({Line::of_lease(line.first)}, {});

  CHECK(answer.goes_on);
  REQUIRE(answer.commands.size() == 1);
  CHECK(answer.commands[0].node_id == "line[1]");
  CHECK(line.count("status = 'running' and worker_id = 'w' and epoch = 1 and node_id = 'line[1]'") == 1);
  CHECK(line.server.number("select count(*) from noetl.claim where " + answer.commands[0].lease.queue_id.str() +
                           " = any(queue_ids)") == 1);
  REQUIRE(answer.basis);
  CHECK(answer.basis->content.find("tests/line") != std::string::npos);
  REQUIRE(answer.basis->items.size() == 1);
  CHECK(answer.basis->items[0].first == 2);
  CHECK(answer.basis->items[0].items == std::vector<std::string>{"3", "4", "5", "6"});
  REQUIRE(answer.basis->frames.size() == 1);
  CHECK(nlohmann::json::parse(answer.basis->frames[0]).at("index") == 1);
}

TEST_CASE(
    "ends that were run ahead are commands, events and items like any others, and what was begun runs at the worker") {
  Line line;
  const auto taken = line.call({Line::of_lease(line.first)}, {});

  const auto answer =
      line.call({Line::of_lease(taken.commands.at(0)), Line::of_node("line[2]"), Line::of_node("line[3]")}, {"line[4]"},
                taken.decisions);

  CHECK(answer.goes_on);
  CHECK(answer.decisions == taken.decisions + 3);
  REQUIRE(answer.commands.size() == 1);
  CHECK(answer.commands[0].node_id == "line[4]");
  CHECK(line.count("status = 'done' and epoch = 1 and attempts = 1 and claimed_at < finished_at and worker_id = 'w'") ==
        4);
  CHECK(line.count("status = 'running'") == 1);
  CHECK(line.server.number(
            "select count(*) from noetl.event where event_type = 'command.completed' and claimed_at is not null") == 4);
  CHECK(line.server.number("select count(*) from noetl.loop_item where status = 'completed'") == 4);
  CHECK(line.server.number("select sum(change) from noetl.queue_change where status = 'done'") == 4);
  CHECK(line.server.number("select sum(change) from noetl.queue_change where status = 'running'") == 1);
  CHECK(line.server.number("select sum(change) from noetl.queue_change where status = 'queued'") == 0);
}

TEST_CASE("a call that comes twice ends nothing twice, and names what runs there") {
  Line line;
  const auto taken = line.call({Line::of_lease(line.first)}, {});
  const std::vector<wire::AheadEnd> ended{Line::of_lease(taken.commands.at(0)), Line::of_node("line[2]")};
  const auto answer = line.call(ended, {"line[3]"}, taken.decisions);

  const auto again = line.call(ended, {"line[3]"}, taken.decisions);

  CHECK_FALSE(again.refused);
  CHECK_FALSE(again.goes_on);
  REQUIRE(again.commands.size() == 1);
  CHECK(again.commands[0].lease == answer.commands.at(0).lease);
  CHECK(line.count("status = 'done'") == 3);
  CHECK(line.server.number("select count(*) from noetl.loop_item where status = 'completed'") == 3);
}

TEST_CASE("another worker's call, and one by an old epoch, count for nothing") {
  Line line;

  const auto of_another = line.call({Line::of_lease(line.first), Line::of_node("line[1]")}, {"line[2]"}, 0, "other");
  CHECK(of_another.refused == base::ErrorCode::lease_lost);
  line.server.add_worker("w");  // registered anew: what it held waits again
  const auto late = line.call({Line::of_lease(line.first), Line::of_node("line[1]")}, {"line[2]"});
  CHECK(late.refused == base::ErrorCode::lease_lost);

  CHECK(line.count("status = 'queued'") == 1);
  CHECK(line.count("true") == 1);
}

TEST_CASE("an end that does not follow is passed over, and the worker is told to stop") {
  Line line;

  const auto answer =
      line.call({Line::of_lease(line.first), Line::of_node("line[5]"), Line::of_node("line[1]")}, {"line[7]"});

  CHECK_FALSE(answer.goes_on);
  CHECK(answer.commands.empty());
  CHECK(line.count("status = 'done'") == 2);
  CHECK(line.count("status = 'queued' and node_id = 'line[2]'") == 1);
}

TEST_CASE("in a paused execution, and in one that somebody else has changed, what was begun ends and the rest waits") {
  Line line;
  const auto taken = line.call({Line::of_lease(line.first)}, {});
  SUBCASE("paused") {
    REQUIRE(queue::pause_execution(line.server.context,
                                   {.execution_id = line.execution_id, .is_paused = true, .cascade = false}));
  }
  SUBCASE("changed") {
    line.server.run("update noetl.execution set state = jsonb_set(state::jsonb, '{decisions}', '77')");
  }

  const auto answer = line.call({Line::of_lease(taken.commands.at(0))}, {"line[2]"}, taken.decisions);
  CHECK_FALSE(answer.goes_on);
  REQUIRE(answer.commands.size() == 1);
  CHECK(line.count("status = 'running' and node_id = 'line[2]'") == 1);
  const auto last = line.call({Line::of_lease(answer.commands.at(0))}, {"nothing"}, answer.decisions);

  CHECK(last.commands.empty());
  CHECK(line.count("status = 'queued' and node_id = 'line[3]'") == 1);
}

TEST_CASE("a worker that decides by another version is given nothing") {
  Line line;
  wire::AheadRequest request;
  request.worker_id = "w";
  request.ended.push_back(Line::of_lease(line.first));
  request.takes = true;
  request.decisions_version = engine::decisions_version + 1;

  const auto answer = attempts::run_ahead(line.server.context, request).value();

  CHECK_FALSE(answer.goes_on);
  CHECK(answer.commands.empty());
  CHECK(line.count("status = 'queued' and node_id = 'line[1]'") == 1);
}
