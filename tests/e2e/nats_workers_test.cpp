// Requests over NATS, of workers and for executions: the answers are those of HTTP, and the customer's messages work as printed.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/support/free_port.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const json noop{{"tool", {{"kind", "noop"}}}};

// A program that has just started may not listen yet.
json first_answer(Stack& stack, const std::string& subject) {
  json answer;
  wait_until("an answer to " + subject, 10s, [&] {
    try {
      answer = stack.nats().request(subject);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  });
  return answer;
}

json claimed(Stack& stack, const std::string& worker_id, const json& queue_ids) {
  return stack.nats()
      .request("noetl.cluster.claim." + worker_id, json{{"worker_id", worker_id}, {"queue_ids", queue_ids}}.dump())
      .at("commands")
      .at(0);
}

json completed(const json& command, const std::string& worker_id) {
  return {{"name", "command.completed"},
          {"queue_id", command.at("queue_id")},
          {"epoch", command.at("epoch")},
          {"worker_id", worker_id},
          {"payload", {{"result", {{"by", "nats"}}}}}};
}

}  // namespace

TEST_CASE("a worker registers, claims, reports and leaves by requests of the nats command line") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  (void)first_answer(stack, "health.noetl-server");
  const auto registered = stack.nats().request(
      "noetl.cluster.register",
      R"({"worker_id":"worker-0","address":"http://localhost:9000","api_key":"test","capacity":{"cpu_cores":8,"running":0,"max":100}})");
  CHECK(registered.at("worker_id") == "worker-0");
  CHECK(registered.at("status") == "registered");
  CHECK(registered.at("heartbeat_interval_secs") == 1.0);
  CHECK(stack.sql_number("select slots from noetl.worker where worker_id = 'worker-0'") == 100);

  const auto ids = stack.enqueue({noop});
  const auto command = claimed(stack, "worker-0", ids);
  CHECK(command.at("tool_kind") == "noop");
  const auto heartbeat =
      stack.nats().request("noetl.cluster.heartbeat.worker-0",
                           json{{"held", {{{"queue_id", ids[0]}, {"epoch", command.at("epoch")}}}}}.dump());
  CHECK(heartbeat.at("lost").empty());
  (void)stack.nats().request("noetl.cluster.report.worker-0", completed(command, "worker-0").dump());
  CHECK(stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 1);
  (void)stack.nats().request("noetl.cluster.deregister.worker-0");
  CHECK(stack.sql_number("select count(*) from noetl.worker where status = 'stopped'") == 1);
}

TEST_CASE("a heartbeat that is only published renews the leases as well") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  (void)first_answer(stack, "health.noetl-server");
  (void)stack.nats().request("noetl.cluster.register", R"({"worker_id":"quiet.1"})");
  (void)stack.sql("update noetl.worker set heartbeat_at = now() - interval '4 seconds'");

  stack.nats().publish("noetl.cluster.heartbeat.quiet.1", R"({"held":[]})");

  wait_until("the heartbeat is recorded", 10s, [&] {
    return stack.sql_number("select count(*) from noetl.worker where heartbeat_at > now() - interval '3 seconds'") == 1;
  });
}

TEST_CASE("what no worker may ask is refused, with the problem that HTTP would have") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  (void)first_answer(stack, "health.noetl-server");
  for (const auto& [subject, body] : std::vector<std::pair<std::string, std::string>>{
           {"noetl.cluster.claim.nobody", R"({"worker_id":"nobody","queue_ids":["1"],"wait":3})"},
           {"noetl.cluster.claim.nobody", "{"},
           {"noetl.cluster.heartbeat.bad%id", "{}"},
           {"noetl.cluster.read.nobody", ""},
           {"noetl.cluster.register", R"({"worker_id":"a b"})"}}) {
    CAPTURE(subject);
    const auto answer = stack.nats().request(subject, body);
    CHECK(answer.contains("code"));
    CHECK(answer.contains("detail"));
  }
  CHECK(stack.sql_number("select count(*) from noetl.worker") == 0);
}

TEST_CASE("a server that asks for a token asks for it over NATS as well") {
  const std::string token(32, 'k');
  Stack stack(StackSettings{.workers = 1, .env = {{"NOETL_WORKER_TOKEN", token}, {"NOETL_WORKER_TRANSPORT", "nats"}}});
  (void)first_answer(stack, "health.noetl-server");
  const auto refused = stack.nats().request("noetl.cluster.register", R"({"worker_id":"stranger","api_key":"guess"})");
  CHECK(refused.at("code") == "unauthenticated");
  CHECK_FALSE(refused.dump().find("guess") != std::string::npos);

  const auto taken =
      stack.nats().request("noetl.cluster.register", json{{"worker_id", "friend"}, {"api_key", token}}.dump());
  CHECK(taken.at("status") == "registered");
  CHECK(stack.sql_number("select count(*) from noetl.worker where worker_id in ('stranger', 'friend')") == 1);
}

TEST_CASE("a result beyond NATS' max_payload is reported and read by a worker over NATS") {
  Stack stack(
      StackSettings{.workers = 1, .env = {{"NOETL_WORKER_TRANSPORT", "nats"}, {"NOETL_TOOL_RESULT_MAX", "16MiB"}}});
  const auto ids =
      stack.enqueue({{{"tool", {{"kind", "python"}, {"code", "def main():\n    return {'text': 'x' * 5000000}"}}}}});
  wait_until("it is done", 30s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 1; });
  CHECK(stack.sql_number("select octet_length(result::text) from noetl.queue where queue_id = " + ids[0]) > 5'000'000);
}

TEST_CASE("two servers share the requests, and when one is killed the other answers") {
  Stack stack(StackSettings{.servers = 2, .workers = 2, .env = {{"NOETL_WORKER_TRANSPORT", "nats"}}});
  std::vector<json> commands(2000, noop);
  stack.enqueue(commands);
  stack.server(1).kill();
  wait_until("all are done", 60s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 2000; });
  CHECK(stack.sql_number("select count(*) from noetl.event_history where event_type = 'command.completed'") == 2000);
}

TEST_CASE("a message of a session starts one execution, however often it comes") {
  Stack stack(StackSettings{.workers = 1, .env = {{"NOETL_SESSION_PLAYBOOK", "chat/answer"}}});
  stack.register_playbook(R"(apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: answer, path: chat/answer }
workload: { message: "" }
workflow:
  - step: start
    tool: { kind: python, code: "def main(text, session):\n    return {'echo': text, 'session': session}" }
    args: { text: "{{ workload.message }}", session: "{{ workload.session_id }}" }
    next: [{ step: end }]
  - step: end
)");
  const std::string message =
      R"({"message_id":"msg_abc123","session_id":"sess_456","user_id":"user_789","message":"What is the weather today?",
    "context":{"ai_provider":"openai","model":"gpt-4","temperature":0.7,"max_tokens":2000},
    "timestamp":"2025-11-17T20:30:00Z","correlation_id":"corr_xyz"})";

  (void)first_answer(stack, "health.noetl-server");
  const auto first = stack.nats().request("noetl.workflow.execute.sess_456", message);
  const auto second = stack.nats().request("noetl.workflow.execute.sess_456", message);

  CHECK(first.at("execution_id") == second.at("execution_id"));
  CHECK(stack.sql_number("select count(*) from noetl.execution") == 1);
  const auto ended = stack.wait_for_execution(first.at("execution_id").get<std::string>());
  CHECK(ended.at("status") == "COMPLETED");
  CHECK(ended.dump().find("What is the weather today?") != std::string::npos);

  for (const auto& [session, body] :
       std::vector<std::pair<std::string, std::string>>{{"other", message},
                                                        {"sess_456", "{}"},
                                                        {"sess_456", R"({"message_id":"m","wrong":1})"},
                                                        {"sess_456", "["},
                                                        {"sess_456", R"({"path":"chat/nothing"})"}}) {
    CAPTURE(body);
    CHECK(stack.nats().request("noetl.workflow.execute." + session, body).contains("code"));
  }
  CHECK(stack.sql_number("select count(*) from noetl.execution") == 1);
}

TEST_CASE("server and worker show themselves on NATS: health, discovery, and the service protocol of nats micro") {
  Stack stack(StackSettings{.workers = 1, .env = {{"NOETL_WORKER_ID", "shown.1"}, {"NOETL_WORKER_TRANSPORT", "nats"}}});
  for (const std::string name : {"noetl-server", "noetl-worker"}) {
    CAPTURE(name);
    const auto health = first_answer(stack, "health." + name);
    CHECK(health.at("status") == "healthy");
    CHECK(health.at("service") == name);
    const auto discovery = stack.nats().request("discovery." + name);
    CHECK(discovery.at("name") == name);
    CHECK(discovery.at("instance_id").get<std::string>().size() > 3);
    const auto ping = stack.nats().request("$SRV.PING." + name);
    CHECK(ping.at("type") == "io.nats.micro.v1.ping_response");
    const auto id = ping.at("id").get<std::string>();
    CHECK(stack.nats().request("$SRV.INFO." + name + "." + id).at("version") == discovery.at("version"));
    CHECK(stack.nats().request("noetl.pod." + id + ".health").at("pod_id") == id);
  }
  CHECK(stack.nats().request("$SRV.PING.noetl-worker").at("id") == "shown_1");

  stack.enqueue({noop, noop});
  wait_until("both are done", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 2; });
  const auto stats = stack.nats().request("$SRV.STATS.noetl-server");
  std::map<std::string, int> requests;
  for (const auto& endpoint : stats.at("endpoints"))
    requests[endpoint.at("name")] = endpoint.at("num_requests").get<int>();
  CHECK(requests.at("register") == 1);
  CHECK(requests.at("claim") >= 1);
  CHECK(requests.at("report") >= 1);
}

TEST_CASE(
    "the metrics of server and worker say what goes over NATS: rate by subject, failures, size, lag, subscriptions") {
  const int port = free_port();
  Stack stack(StackSettings{.workers = 1, .env = {}});
  stack.start_worker(
      {{"NOETL_HEALTH_PORT", std::to_string(port)}, {"NOETL_WORKER_ID", "measured"}, {"NOETL_DIRECT_DISPATCH", "off"}});
  stack.enqueue(std::vector<json>(200, noop));
  wait_until("all are done", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 200; });
  (void)first_answer(stack, "$SRV.PING.noetl-server");
  const auto server = stack.api().get("/metrics").body;
  const auto worker = HttpClient("127.0.0.1", port).get("/metrics").body;
  for (const std::string line :
       {"noetl_nats_published_total{subjects=\"noetl.commands\"} ", "noetl_nats_received_total{subjects=\"$SRV\"} ",
        "noetl_nats_message_bytes_bucket{subjects=\"noetl.commands\",le=\"256\"} ", "noetl_nats_subscriptions "}) {
    CAPTURE(line);
    CHECK(server.find("\n" + line) != std::string::npos);
    CHECK(server.find("\n" + line + "0\n") == std::string::npos);
  }
  CHECK(server.find("\nnoetl_nats_subscription_errors_total 0\n") != std::string::npos);
  for (const std::string line :
       {"noetl_nats_received_total{subjects=\"noetl.commands\"} ", "noetl_nats_published_total{subjects=\"$JS.ACK\"} ",
        "noetl_nats_delivery_lag_seconds_count ", "noetl_nats_subscriptions "}) {
    CAPTURE(line);
    CHECK(worker.find("\n" + line) != std::string::npos);
    CHECK(worker.find("\n" + line + "0\n") == std::string::npos);
  }
}

TEST_CASE("one worker is asked how it is, paused, resumed and drained by requests over NATS") {
  Stack stack(StackSettings{.workers = 1, .env = {{"NOETL_WORKER_ID", "hand.1"}}});
  const auto command = [&](const std::string& name) {
    return stack.nats().request("noetl.cluster.cmd.hand.1." + name);
  };
  const auto done = [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'"); };
  CHECK(first_answer(stack, "noetl.cluster.cmd.hand.1.ping") ==
        json{{"id", "hand.1"}, {"name", "ping"}, {"status", "ready"}});
  CHECK(command("status").at("slots") == 8);

  CHECK(command("pause").at("status") == "paused");
  // It may wait in a long poll, or be about to: it gives back the commands that a poll still brings.
  stack.enqueue({noop});
  CHECK(holds_for(1500ms, [&] { return done() == 0; }));
  CHECK(command("resume").at("status") == "ready");
  wait_until("it is done", 10s, [&] { return done() == 1; });

  CHECK(command("explode").at("code") == "not_found");
  CHECK(command("drain").at("status") == "draining");
  CHECK(stack.worker(0).wait(15s) == 0);
}

TEST_CASE("a worker with a token obeys nobody who does not show it") {
  const std::string token(32, 'k');
  Stack stack(StackSettings{
      .workers = 1, .env = {{"NOETL_WORKER_ID", "guarded"}, {"NOETL_WORKER_TOKEN", token}, {"NOETL_INSECURE", "on"}}});
  CHECK(first_answer(stack, "noetl.cluster.cmd.guarded.drain").at("code") == "unauthenticated");
  CHECK(stack.worker(0).is_running());
  stack.enqueue({noop});
  wait_until("it still works", 10s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 1; });
}

TEST_CASE("without Postgres the server is unhealthy over NATS, and lives on") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  CHECK(first_answer(stack, "health.noetl-server").at("status") == "healthy");
  shared_postgres().stop();
  wait_until("it says so", 10s,
             [&] { return stack.nats().request("health.noetl-server").at("status") == "unhealthy"; });
  const auto refused = stack.nats().request("noetl.cluster.register", R"({"worker_id":"w"})");
  CHECK(refused.at("code") == "unavailable");
  // The next announcement, which asks as well.
  CHECK(holds_for(11s, [&] { return stack.server().is_running(); }));
  shared_postgres().start();
  wait_until("it is healthy again", 10s,
             [&] { return stack.nats().request("health.noetl-server").at("status") == "healthy"; });
}
