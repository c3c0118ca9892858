// Commands to one worker: the same bodies and answers over NATS and over HTTP, where the worker gets them with its heartbeat.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "tests/e2e/fixtures.hpp"
#include "tests/support/stack.hpp"

namespace e2e = noetl::e2e;
using namespace noetl::support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr const char* doubling =
    "kind: python\ncode: |\n  def main(n, event_type):\n    return {'twice': 2 * n, 'by': event_type}\n";
constexpr const char* sleeping =
    "kind: python\ncode: |\n  import time\n  def main(s, event_type):\n    time.sleep(s)\n";

std::map<std::string, std::string> named(const std::string& id, const std::string& transport = "http") {
  return {{"NOETL_WORKER_ID", id},
          {"NOETL_DEPLOYMENTS", "2"},
          {"NOETL_DEPLOYMENT_RUNS", "1"},
          {"NOETL_WORKER_TRANSPORT", transport}};
}

// One way to command a worker.
struct Way {
  Stack& stack;
  bool is_http;
  std::string worker = "w";

  json operator()(const std::string& name, const json& body = json::object()) const {
    if (!is_http) return stack.nats().request("noetl.cluster.cmd." + worker + "." + name, body.dump());
    return stack.api().post("/api/v2/workers/" + worker + "/commands/" + name, body).json();
  }
  void wait_until_ready() const {
    wait_until("the worker is ready", 15s, [&] {
      try {
        return (*this)("ping").value("status", "") == "ready";
      } catch (const std::exception&) {
        return false;
      }
    });
  }
};

json event(int n) { return {{"event_type", "tick"}, {"fields", {{"n", n}}}}; }

bool is_running(Stack& stack, const std::string& queue_id) {
  return stack.sql_number("select count(*) from noetl.queue where status = 'running' and queue_id = " + queue_id) == 1;
}

}  // namespace

TEST_CASE("a program is deployed, runs for events, is replaced, and goes, by either way") {
  for (const bool is_http : {false, true}) {
    CAPTURE(is_http);
    Stack stack(StackSettings{.workers = 0, .env = {}});
    stack.start_worker(named("w", is_http ? "http" : "nats"));
    const Way command{stack, is_http};
    command.wait_until_ready();

    CHECK(command("deploy", {{"name", "twice"}, {"source", doubling}}) ==
          json{{"id", "w"}, {"name", "deploy"}, {"status", "deployed"}, {"pipeline_id", "twice"}});
    const auto once = command("inject", {{"pipeline_id", "twice"}, {"event_type", "tick"}, {"fields", {{"n", 21}}}});
    CHECK(once.at("status") == "completed");
    CHECK(once.at("id") == "w");
    CHECK(once.at("result").dump().find("\"twice\":42") != std::string::npos);
    CHECK(once.at("result").dump().find("\"by\":\"tick\"") != std::string::npos);

    const auto batch =
        command("inject_batch", {{"pipeline_id", "twice"}, {"events", {event(1), {{"event_type", "bad"}}, event(3)}}});
    CHECK(batch.at("status") == "partial");
    CHECK(batch.at("events") == 3);
    CHECK(batch.at("completed") == 2);
    CHECK(batch.at("failed") == 1);
    REQUIRE(batch.at("outcomes").size() == 3);
    CHECK(batch.at("outcomes")[1].at("index") == 1);
    CHECK(batch.at("outcomes")[1].at("error").at("message").get<std::string>().find("n") != std::string::npos);
    CHECK(batch.at("outcomes")[2].at("result").dump().find("\"twice\":6") != std::string::npos);

    const auto checkpoint = command("checkpoint", {{"pipeline_id", "twice"}}).at("checkpoint");
    CHECK(checkpoint == json{{"name", "twice"},
                             {"source", doubling},
                             {"kind", "python"},
                             {"events", 4},
                             {"failures", 1},
                             {"last_event_type", "tick"}});
    const std::string third = "kind: python\ncode: |\n  def main(n, event_type):\n    return 3 * n\n";
    CHECK(command("deploy", {{"name", "twice"}, {"source", third}}).at("status") == "deployed");
    CHECK(command("inject", {{"pipeline_id", "twice"}, {"event_type", "tick"}, {"fields", {{"n", 5}}}})
              .at("result")
              .dump()
              .find("15") != std::string::npos);
    CHECK(command("undeploy", {{"pipeline_id", "twice"}}).at("status") == "undeployed");
    CHECK(command("inject", {{"pipeline_id", "twice"}, {"event_type", "tick"}}).at("code") == "not_found");
    CHECK(command("undeploy", {{"pipeline_id", "twice"}}).at("code") == "not_found");
  }
}

TEST_CASE("a checkpoint of one worker is restored on another, and its counts go on") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.start_worker(named("w"));
  stack.start_worker(named("other", "nats"));
  const Way first{stack, true, "w"};
  const Way second{stack, false, "other"};
  first.wait_until_ready();
  second.wait_until_ready();
  (void)first("deploy", {{"name", "twice"}, {"source", doubling}});
  (void)first("inject", {{"pipeline_id", "twice"}, {"event_type", "tick"}, {"fields", {{"n", 1}}}});
  (void)first("pause");

  const auto checkpoint = first("checkpoint").at("checkpoint");
  CHECK(checkpoint.at("is_paused") == true);
  CHECK(checkpoint.at("running") == json::array());
  const auto restored = second("restore", {{"checkpoint", checkpoint}});

  CHECK(restored.at("status") == "restored");
  CHECK(restored.at("deployments") == json{"twice"});
  CHECK(restored.at("detail").get<std::string>().find("not restored") != std::string::npos);
  CHECK(second("ping").at("status") == "paused");
  (void)second("inject", {{"pipeline_id", "twice"}, {"event_type", "tock"}, {"fields", {{"n", 1}}}});
  const auto now = second("checkpoint", {{"pipeline_id", "twice"}}).at("checkpoint");
  CHECK(now.at("events") == 2);
  CHECK(now.at("last_event_type") == "tock");
  CHECK(second("restore", {{"pipeline_id", "absent"}, {"checkpoint", checkpoint}}).at("code") == "invalid_input");
}

TEST_CASE("the server cancels what a worker runs, and its tool stops at once") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.start_worker(named("w"));
  const Way over_nats{stack, false};
  over_nats.wait_until_ready();
  const json sleeper{{"tool", {{"kind", "python"}, {"code", "import time\ndef main():\n    time.sleep(60)"}}}};
  for (const bool is_http : {false, true}) {
    CAPTURE(is_http);
    const Way command{stack, is_http};
    const auto id = stack.enqueue({sleeper}).at(0);
    wait_until("it runs", 15s, [&] { return is_running(stack, id); });
    wait_until("the worker shows it", 15s, [&] {
      const auto running = over_nats("checkpoint").at("checkpoint").at("running");
      return running == json{{{"queue_id", id}, {"step", "python"}, {"attempt", 1}}};
    });
    const auto said = command("cancel", {{"queue_id", id}, {"reason", "no need"}});
    CHECK(said.at("status") == "cancelled");
    CHECK(said.at("queue_id") == id);
    wait_until("the tool has stopped", 5s, [&] { return over_nats("status").at("running") == 0; });
    CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'cancelled' and queue_id = " + id) == 1);
    CHECK(command("cancel", {{"queue_id", id}}).at("code") == "not_found");
  }
  CHECK(over_nats("cancel", {{"queue_id", "17"}}).at("code") == "not_found");

  stack.register_playbook(e2e::playbook_that_sleeps());
  const auto execution = stack.execute("e2e/sleeps", json::object());
  wait_until("it runs", 15s, [&] {
    return stack.sql_number("select count(*) from noetl.queue where status = 'running' and execution_id = " +
                            execution) == 1;
  });
  const auto said = over_nats("cancel", {{"execution_id", execution}});
  CHECK(said.at("status") == "cancelled");
  CHECK(said.at("cancelled_executions") == json{execution});
  wait_until("the tool has stopped", 5s, [&] { return over_nats("status").at("running") == 0; });
  CHECK(over_nats("cancel", {{"execution_id", execution}}).at("code") == "not_found");
}

TEST_CASE("an event is recorded of a running execution, and of no other") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.start_worker(named("w", "nats"));
  const Way over_nats{stack, false};
  over_nats.wait_until_ready();
  stack.register_playbook(e2e::playbook_that_sleeps());
  const auto execution = stack.execute("e2e/sleeps", json::object());
  for (const bool is_http : {false, true}) {
    CAPTURE(is_http);
    const Way command{stack, is_http};
    const auto said =
        command("inject", {{"execution_id", execution}, {"event_type", "order.arrived"}, {"fields", {{"n", 1}}}});
    CHECK(said.at("status") == "recorded");
    CHECK(said.at("execution_id") == execution);
    CHECK(command("inject", {{"execution_id", execution}, {"event_type", "playbook.completed"}}).at("code") ==
          "invalid_input");
    CHECK(command("inject", {{"execution_id", "17"}, {"event_type", "order.arrived"}}).at("code") == "not_found");
  }
  CHECK(stack.sql_number(
            "select count(*) from noetl.event_history where event_type = 'order.arrived' and execution_id = " +
            execution) == 2);
  CHECK(over_nats("cancel", {{"execution_id", execution}}).at("status") == "cancelled");
  const auto ended = over_nats("inject", {{"execution_id", execution}, {"event_type", "order.arrived"}});
  CHECK(ended.at("code") == "already_terminal");
  CHECK(ended.at("status") == 409);
}

TEST_CASE("what no worker obeys is refused by name, and stores nothing") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.start_worker(named("w"));
  Way{stack, false}.wait_until_ready();
  const std::string large(70'000, 'x');
  for (const bool is_http : {false, true}) {
    const Way command{stack, is_http};
    for (const auto& [name, body, code] : std::vector<std::tuple<std::string, json, std::string>>{
             {"explode", json::object(), "not_found"},
             {"ping", {{"loud", true}}, "invalid_input"},
             {"cancel", json::object(), "invalid_input"},
             {"cancel", {{"queue_id", "1"}, {"execution_id", "2"}}, "invalid_input"},
             {"deploy", {{"name", "a.b"}, {"source", doubling}}, "invalid_input"},
             {"deploy", {{"name", "a"}}, "invalid_input"},
             {"deploy", {{"name", "a"}, {"source", large}}, "invalid_input"},
             {"deploy", {{"name", "a"}, {"source", large + large}}, "payload_too_large"},
             {"deploy", {{"name", "a"}, {"source", "kind: [python"}}, "invalid_playbook"},
             {"deploy", {{"name", "a"}, {"source", "kind: python\ncoed: x"}}, "invalid_playbook"},
             {"deploy", {{"name", "a"}, {"source", "kind: absent_kind"}}, "unsupported"},
             {"inject", {{"event_type", "tick"}}, "invalid_input"},
             {"inject", {{"pipeline_id", "a"}, {"event_type", "t k"}}, "invalid_input"},
             {"inject",
              {{"pipeline_id", "a"}, {"event_type", "t"}, {"fields", {{"event_type", "u"}}}},
              "invalid_input"},
             {"inject_batch", {{"pipeline_id", "a"}, {"events", json::array()}}, "invalid_input"},
             {"inject_batch", {{"pipeline_id", "a"}, {"events", std::vector<json>(1001, event(1))}}, "invalid_input"},
             {"checkpoint", {{"pipeline_id", "a"}}, "not_found"},
             {"restore", {{"checkpoint", {{"name", "a"}}}}, "invalid_input"},
         }) {
      CAPTURE(is_http);
      CAPTURE(name);
      const auto said = command(name, body);
      CAPTURE(said.dump().substr(0, 300));
      CHECK(said.value("code", "") == code);
      CHECK(said.value("detail", "").size() > 10);
    }
  }
  const auto garbage = stack.nats().request("noetl.cluster.cmd.w.deploy", "{");
  CHECK(garbage.at("code") == "malformed_body");
  CHECK(Way{stack, false}("checkpoint").at("checkpoint").at("deployments").empty());
}

TEST_CASE("a worker takes as many deployments and runs as its settings say, and refuses what is beyond") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  stack.start_worker(named("w"));
  stack.start_worker({{"NOETL_WORKER_ID", "none"}});
  const Way command{stack, false};
  const Way none{stack, false, "none"};
  command.wait_until_ready();
  none.wait_until_ready();
  const auto refused = none("deploy", {{"name", "a"}, {"source", doubling}});
  CHECK(refused.at("code") == "unsupported");
  CHECK(refused.at("detail").get<std::string>().find("setting deployments") != std::string::npos);

  for (const char* name : {"a", "b"})
    CHECK(command("deploy", {{"name", name}, {"source", sleeping}}).contains("pipeline_id"));
  CHECK(command("deploy", {{"name", "c"}, {"source", doubling}}).at("code") == "conflict");
  CHECK(command("deploy", {{"name", "a"}, {"source", sleeping}}).at("status") == "deployed");

  // One runs, 32 wait.
  std::vector<json> answers(40);
  {
    std::vector<std::jthread> askers;
    for (auto& answer : answers)
      askers.emplace_back([&] {
        answer = command("inject", {{"pipeline_id", "a"}, {"event_type", "e"}, {"fields", {{"s", 0.1}}}});
      });
  }
  const auto refusals =
      std::ranges::count_if(answers, [](const json& one) { return one.value("code", "") == "saturated"; });
  const auto completed =
      std::ranges::count_if(answers, [](const json& one) { return one.value("status", json()) == "completed"; });
  CHECK(refusals > 0);
  CHECK(completed >= 33);
  CHECK(refusals + completed == 40);
  const auto one = std::ranges::find_if(answers, [](const json& answer) { return answer.contains("code"); });
  CHECK(one->at("status") == 503);
  CHECK(one->at("retry_after_ms") == 1000);
}

TEST_CASE("a program that does not end is stopped at its time limit, and the worker goes on") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  auto env = named("w");
  env["NOETL_DEPLOYMENT_TIMEOUT"] = "500ms";
  stack.start_worker(env);
  const Way command{stack, true};
  command.wait_until_ready();
  (void)command("deploy", {{"name", "a"}, {"source", sleeping}});
  const auto said = command("inject", {{"pipeline_id", "a"}, {"event_type", "e"}, {"fields", {{"s", 60}}}});
  CHECK(said.at("status") == "failed");
  CHECK(said.at("error").at("kind") == "timeout");
  CHECK(command("ping").at("status") == "ready");
}

TEST_CASE("a command that was asked for at one server reaches a worker of the other, and its answer comes back") {
  Stack stack(StackSettings{.servers = 2, .workers = 0, .env = {}});
  stack.start_worker(named("w"));  // of the first server
  Way{stack, false}.wait_until_ready();
  const auto said = stack.api(1).post("/api/v2/workers/w/commands/status", json::object());
  CHECK(said.status == 200);
  CHECK(json::parse(said.body).at("slots") == 8);
  CHECK(stack.api(1).post("/api/v2/workers/w/commands/drain", json::object()).json().at("status") == "draining");
  CHECK(stack.worker(0).wait(15s) == 0);
}

TEST_CASE("a command that nobody answers is a timeout with its id, under which it is found later") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  CHECK(stack.api().post("/api/v2/workers/nobody/commands/ping", json::object()).status == 404);
  (void)stack.api().post("/api/v2/workers", json{{"worker_id", "deaf"}});
  const auto said = stack.api().post("/api/v2/workers/deaf/commands/ping?timeout=1", json::object());
  CHECK(said.status == 504);
  const auto id = std::to_string(stack.sql_number("select command_id from noetl.worker_command"));
  CHECK(json::parse(said.body).at("detail").get<std::string>().find(id) != std::string::npos);
  const auto path = "/api/v2/workers/deaf/commands/" + id;
  CHECK(stack.api().get(path).json().at("state") == "expired");
  CHECK(stack.api().get("/api/v2/workers/deaf/commands/17").status == 404);

  // A worker of one's own, that answers late.
  std::jthread asker([&] { (void)stack.api().post("/api/v2/workers/deaf/commands/ping?timeout=1", json::object()); });
  json given;
  wait_until("a heartbeat brings it", 5s, [&] {
    const auto beat = stack.api().post("/api/v2/workers/deaf/heartbeat", json{{"held", json::array()}}).json();
    if (!beat.contains("commands")) return false;
    given = beat.at("commands").at(0);
    return true;
  });
  CHECK(given.at("name") == "ping");
  asker.join();
  const json answer{{"held", json::array()},
                    {"command_answers",
                     {{{"command_id", given.at("command_id")},
                       {"status", 200},
                       {"body", {{"id", "deaf"}, {"name", "ping"}, {"status", "ready"}}}}}}};
  CHECK(stack.api().post("/api/v2/workers/deaf/heartbeat", answer).status == 200);
  const auto view =
      stack.api().get("/api/v2/workers/deaf/commands/" + given.at("command_id").get<std::string>()).json();
  CHECK(view.at("state") == "answered");
  CHECK(view.at("answer").at("status") == "ready");
}
