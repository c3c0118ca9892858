// Variables, rendering and stored results of executions on a real Postgres.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/views/execution_variables.hpp"
#include "server/views/read_result.hpp"
#include "server/views/render_template.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using Json = nlohmann::json;
using support::TestServer;

namespace {

constexpr const char* playbook = R"(apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: p, path: test/p}
workload: {greeting: hello}
workflow:
  - step: start
    tool: {kind: noop}
    vars:
      from_step: "{{ result.status }}"
    next:
      - step: second
  - step: second
    tool: {kind: noop}
    args: {seen: "{{ vars.x }}"}
)";

struct Fixture : TestServer {
  Fixture() {
    add_worker("w");
    REQUIRE(catalog::register_playbook(context, {.content = playbook, .resource_type = "Playbook"}));
    wire::ExecuteRequest request;
    request.path = "test/p";
    request.payload = "{}";
    execution_id = executions::start_execution(context, request)->execution_id;
  }
  void set(const std::string& name, const Json& value, const std::string& type = "user_defined",
           const std::string& step = "") {
    const auto done = views::set_variables(
        context, {.execution_id = execution_id,
                  .variables = {{.name = name, .value = value.dump(), .var_type = type, .source_step = step}}});
    REQUIRE_MESSAGE(done, (done ? std::string{} : done.error().message));
  }
  // Runs the command that waits.
  domain::ClaimedCommand run_next(const std::string& result = R"({"status":"ok"})") {
    const base::CommandId id{number("select queue_id from noetl.queue where status = 'queued'")};
    auto command = claim("w", id);
    CHECK_FALSE(report(support::completed(command, result)).refused);
    return command;
  }
  base::ExecutionId execution_id;
};

}  // namespace

TEST_CASE("variables that were set from outside are seen by the steps that follow, with their types") {
  Fixture fixture;
  fixture.set("x", {{"deep", 85}});

  fixture.run_next();
  const auto second = fixture.run_next();

  CHECK(Json::parse(second.context)["input"]["seen"] == Json{{"deep", 85}});
  const auto event =
      support::sql(fixture.database_url, "select payload from noetl.event where event_type = 'ctx.updated'");
  REQUIRE(event.size() >= 1);
  CHECK(Json::parse(event[0][0])["set"]["x"]["deep"] == 85);
}

TEST_CASE("reads are counted, types and sources are kept, setting again keeps the count") {
  Fixture fixture;
  fixture.set("x", 1, "computed", "outside");

  CHECK(views::list_variables(fixture.context, fixture.execution_id)->at(0).access_count == 0);
  CHECK(views::read_variable(fixture.context, fixture.execution_id, "x")->access_count == 1);
  fixture.set("x", "two", "user_defined", "elsewhere");
  const auto read = views::read_variable(fixture.context, fixture.execution_id, "x");

  REQUIRE(read);
  CHECK(read->access_count == 2);
  CHECK(read->value == "\"two\"");
  CHECK(read->var_type == "user_defined");
  CHECK(read->source_step == "elsewhere");
  CHECK_FALSE(read->created_at.empty());
}

TEST_CASE("a variable of a step's vars says which step it came from") {
  Fixture fixture;
  fixture.run_next();

  const auto rows = views::list_variables(fixture.context, fixture.execution_id);

  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  CHECK(rows->at(0).name == "from_step");
  CHECK(rows->at(0).value == "\"ok\"");
  CHECK(rows->at(0).var_type == "step_result");
  CHECK(rows->at(0).source_step == "start");
}

TEST_CASE("what is not there is not found, and a finished execution keeps its variables") {
  Fixture fixture;
  fixture.set("x", 1);
  CHECK(views::delete_variable(fixture.context, fixture.execution_id, "x"));
  CHECK(views::read_variable(fixture.context, fixture.execution_id, "x").error().code == base::ErrorCode::not_found);
  CHECK(views::delete_variable(fixture.context, fixture.execution_id, "x").error().code == base::ErrorCode::not_found);
  CHECK(views::list_variables(fixture.context, {1}).error().code == base::ErrorCode::not_found);

  fixture.set("x", 2);
  fixture.run_next();
  fixture.run_next();
  const auto late = views::set_variables(
      fixture.context, {.execution_id = fixture.execution_id,
                        .variables = {{.name = "x", .value = "3", .var_type = "computed", .source_step = {}}}});

  REQUIRE_FALSE(late);
  CHECK(late.error().code == base::ErrorCode::already_terminal);
  CHECK(views::read_variable(fixture.context, fixture.execution_id, "x")->value == "2");
}

TEST_CASE("setting variables from many sides at once loses none") {
  Fixture fixture;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int j = 0; j < 10; ++j) fixture.set("v" + std::to_string(i) + "_" + std::to_string(j), j);
      });
    }
  }

  CHECK(views::list_variables(fixture.context, fixture.execution_id)->size() == 40);
}

TEST_CASE("templates are rendered with what the execution knows, strictly or not") {
  Fixture fixture;
  fixture.set("x", 41);
  wire::RenderRequest request;
  request.execution_id = fixture.execution_id;
  request.source = R"({"sum":"{{ vars.x + extra }}","text":"{{ workload.greeting }}, {{ execution_id }}","plain":7})";
  request.extra_context = R"({"extra":1})";

  const auto rendered = views::render_template(fixture.context, request);

  REQUIRE_MESSAGE(rendered, (rendered ? std::string{} : rendered.error().message));
  const auto value = Json::parse(rendered->rendered);
  CHECK(value["sum"] == 42);
  CHECK(value["text"] == "hello, " + fixture.execution_id.str());
  CHECK(value["plain"] == 7);
  CHECK(Json(rendered->context_keys).dump().find("\"greeting\"") != std::string::npos);

  request.source = R"("{{ nobody }}")";
  const auto strict = views::render_template(fixture.context, request);
  REQUIRE_FALSE(strict);
  CHECK(strict.error().message.find("'nobody'") != std::string::npos);
  request.is_strict = false;
  CHECK(views::render_template(fixture.context, request));
  request.source = Json("{{ unfinished").dump();
  const auto broken = views::render_template(fixture.context, request);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().field == "template");
  request.execution_id = {1};
  CHECK(views::render_template(fixture.context, request).error().code == base::ErrorCode::not_found);
}

TEST_CASE("a result that left the state is read by its id or its reference") {
  Fixture fixture;
  fixture.run_next(Json{{"big", std::string(10'000, 'x')}}.dump());
  const auto id = fixture.number("select result_id from noetl.result");

  const auto text = views::read_result(fixture.context, {id});

  REQUIRE(text);
  CHECK(Json::parse(*text)["big"].get<std::string>().size() == 10'000);
  CHECK(views::result_id_of("noetl://result/" + std::to_string(id))->value == id);
  CHECK(views::result_id_of(std::to_string(id))->value == id);
  CHECK_FALSE(views::result_id_of("noetl://result/"));
  CHECK_FALSE(views::result_id_of("file:///etc/passwd"));
  CHECK(views::read_result(fixture.context, {1}).error().code == base::ErrorCode::not_found);
}
