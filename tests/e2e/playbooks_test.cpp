// Playbooks from registering to their result, on real processes.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <set>

#include "tests/e2e/fixtures.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::e2e;
using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

std::set<std::string> event_types(const Stack& stack, const std::string& execution_id) {
  std::set<std::string> types;
  const auto body = stack.api().get("/api/v2/executions/" + execution_id + "/events?limit=1000").json();
  for (const auto& event : body.at("events")) types.insert(event.at("event_type"));
  return types;
}

// As NoETL v1 prints it, but for the port.
std::string execute_with_curl(const Stack& stack, const std::string& body) {
  const auto text = run_program({.command = {"curl", "-sS", "-X", "POST", stack.api().url() + "/api/v2/execute", "-H",
                                             "Content-Type: application/json", "-d", body},
                                 .env = {},
                                 .log_file = {},
                                 .work_folder = {},
                                 .user = {}},
                                20s);
  const auto answer = Json::parse(text);
  CHECK(answer.at("status") == "started");
  CHECK(answer.at("commands_generated") == 1);
  return answer.at("execution_id");
}

void check_hello_world(const Stack& stack, const std::string& execution_id) {
  const auto execution = stack.wait_for_execution(execution_id);
  CHECK_MESSAGE(execution.at("status") == "COMPLETED", execution.dump(2));
  CHECK_MESSAGE(execution.at("variables").dump().find("NATS Test") != std::string::npos, execution.dump(2));
  CHECK(execution.at("completed_steps").dump().find("test_step") != std::string::npos);
  const auto types = event_types(stack, execution_id);
  for (const char* type : {"command.issued", "command.claimed", "call.done", "step.exit", "command.completed"}) {
    CHECK_MESSAGE(types.contains(type), type);
  }
  CHECK(stack.sql_number("select count(*) from noetl.queue where status <> 'done' and execution_id = " +
                         execution_id) == 0);
}

}  // namespace

TEST_CASE("NoETL v1's hello world runs in both generations, and its message arrives in the step's result") {
  const Stack stack;

  SUBCASE("December 2025: case, when, then") {
    CHECK(stack.register_playbook(fixture("tests/fixtures/playbooks/hello_world")) ==
          "tests/fixtures/playbooks/hello_world");
    check_hello_world(
        stack, execute_with_curl(
                   stack, R"({"path": "tests/fixtures/playbooks/hello_world", "payload": {"message": "NATS Test"}})"));
  }
  SUBCASE("today: next.arcs") {
    CHECK(stack.register_playbook(fixture("fixtures/playbooks/hello_world")) == "fixtures/playbooks/hello_world");
    check_hello_world(
        stack,
        execute_with_curl(stack, R"({"path": "fixtures/playbooks/hello_world", "payload": {"message": "NATS Test"}})"));
  }
}

TEST_CASE("the stream and the consumer are NoETL v1's, and the worker says what it subscribed to") {
  Stack stack;

  wait_until("the worker's line", 10s, [&] { return stack.worker().log().find("Subscribed to") != std::string::npos; });
  const auto stream = stack.nats().request("$JS.API.STREAM.INFO.NOETL_COMMANDS").at("config");
  const auto consumer = stack.nats().request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS.noetl-worker-pool").at("config");

  CHECK(stream.at("subjects").dump().find("\"noetl.commands\"") != std::string::npos);
  CHECK(stream.at("storage") == "file");
  CHECK(consumer.at("durable_name") == "noetl-worker-pool");
  CHECK(consumer.at("ack_policy") == "explicit");
  CHECK(consumer.at("ack_wait") == 30'000'000'000);
  CHECK(consumer.at("max_deliver") == 3);
}

TEST_CASE("a Python exception fails the execution, and the error names the step and the exception") {
  const Stack stack;
  stack.register_playbook(playbook_that_raises());

  const auto execution = stack.wait_for_execution(stack.execute("e2e/raises", Json::object()), 30s);

  CHECK(execution.at("status") == "FAILED");
  CHECK_MESSAGE(execution.at("error").at("step") == "breaks", execution.dump(2));
  CHECK_MESSAGE(execution.at("error").dump().find("no such thing") != std::string::npos, execution.dump(2));
}

TEST_CASE("cancelling a running execution stops its tool within two seconds") {
  const Stack stack;
  const TemporaryFolder folder;
  const auto mark = (folder.path() / "pid").string();
  stack.register_playbook(playbook_with_shell("e2e/waits", "echo $$ > " + mark + "; exec sleep 120"));
  const auto execution_id = stack.execute("e2e/waits", Json::object());
  wait_until("the tool's start", 10s, [&] { return !read_text(mark).empty(); });
  const int tool = std::stoi(read_text(mark));

  const auto answer = stack.api().post("/api/v2/executions/" + execution_id + "/cancel", {{"reason", "test"}});

  CHECK(answer.status == 200);
  CHECK(answer.json().at("status") == "cancelled");
  wait_until("the end of the tool", 3s, [&] { return ::kill(tool, 0) != 0; });
  CHECK(stack.wait_for_execution(execution_id).at("status") == "CANCELLED");
  CHECK(stack.sql_number("select count(*) from noetl.queue where status in ('queued', 'running')") == 0);
  CHECK(stack.api().post("/api/v2/executions/" + execution_id + "/cancel", Json::object()).json().at("status") ==
        "already_completed");
}

TEST_CASE("executing twice with one idempotency key gives one execution") {
  const Stack stack;
  stack.register_playbook(playbook_of_three_steps());
  const Json body{{"path", "e2e/three_steps"}, {"payload", {{"n", 1}}}};

  const auto first = stack.api().post("/api/v2/execute", body, {{"Idempotency-Key", "order-17"}});
  const auto second = stack.api().post("/api/v2/execute", body, {{"Idempotency-Key", "order-17"}});
  const auto other = stack.api().post("/api/v2/execute", body, {{"Idempotency-Key", "order-18"}});

  CHECK(first.status / 100 == 2);
  CHECK(second.status / 100 == 2);
  CHECK(first.json().at("execution_id") == second.json().at("execution_id"));
  CHECK(first.json().at("execution_id") != other.json().at("execution_id"));
  CHECK(stack.sql_number("select count(*) from noetl.execution") == 2);
}

TEST_CASE("an idempotency key that was used for another playbook is a conflict") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.register_playbook(playbook_of_three_steps());
  stack.register_playbook(playbook_that_raises());
  CHECK(stack.api().post("/api/v2/execute", {{"path", "e2e/three_steps"}}, {{"Idempotency-Key", "k"}}).status / 100 ==
        2);

  const auto answer = stack.api().post("/api/v2/execute", {{"path", "e2e/raises"}}, {{"Idempotency-Key", "k"}});

  CHECK(answer.status == 409);
  CHECK(answer.code() == "conflict");
}

TEST_CASE("registering an unchanged text returns the version that exists") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});
  const Json body{{"content", playbook_of_three_steps()}, {"resource_type", "Playbook"}};

  const auto first = stack.api().post("/api/catalog/register", body).json();
  const auto second = stack.api().post("/api/catalog/register", body).json();
  const auto changed =
      stack.api().post("/api/catalog/register", {{"content", playbook_of_three_steps() + "# changed\n"}}).json();

  CHECK(first.at("version") == 1);
  CHECK(second.at("version") == 1);
  CHECK(second.at("catalog_id") == first.at("catalog_id"));
  CHECK(changed.at("version") == 2);
}

TEST_CASE("an unknown path is answered with 404 and leaves no trace") {
  const Stack stack(StackSettings{.workers = 0, .env = {}});

  const auto answer = stack.api().post("/api/v2/execute", {{"path", "no/such/playbook"}});

  CHECK(answer.status == 404);
  CHECK(answer.code() == "not_found");
  CHECK(answer.header("content-type").starts_with("application/problem+json"));
  CHECK(stack.sql_number("select count(*) from noetl.execution") == 0);
}
