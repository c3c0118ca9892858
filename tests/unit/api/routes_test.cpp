// Each route with a body that it accepts: what reaches the use case, and what the reply looks like.
#include <doctest/doctest.h>

#include "tests/unit/api/running_api.hpp"

using namespace noetl;
using namespace noetl::api_test;

TEST_CASE("execute answers in NoETL v1's shape, under both names, and passes on key and trace") {
  auto& app = reset_fake_app();
  wire::ExecuteRequest seen;
  app.start = [&](const wire::ExecuteRequest& request) {
    seen = request;
    return wire::ExecuteAnswer{.execution_id = {77}, .commands_generated = 1, .is_duplicate = false};
  };
  const RunningApi server;
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  for (const char* path : {"/api/v2/execute", "/api/execute"}) {
    const auto answer =
        post(server, path, R"({"path":"a/b","payload":{"x":1}})", {{"Idempotency-Key", "k1"}, {"traceparent", trace}});
    CHECK(answer.status == 200);
    CHECK(answer.body == Json::parse(R"({"execution_id":"77","status":"started","commands_generated":1})"));
    CHECK(seen.path == "a/b");
    CHECK(seen.payload == R"({"x":1})");
    CHECK(seen.idempotency_key == "k1");
    CHECK(seen.traceparent == trace);
  }
}

TEST_CASE("a rerun passes on key and trace as well") {
  auto& app = reset_fake_app();
  wire::ExecuteRequest seen;
  app.start = [&](const wire::ExecuteRequest& request) {
    seen = request;
    return wire::ExecuteAnswer{.execution_id = {77}, .commands_generated = 1, .is_duplicate = false};
  };
  const RunningApi server;
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  const auto answer = post(server, "/api/v2/executions/7/rerun", R"({"from_step":"a"})",
                           {{"Idempotency-Key", "k1"}, {"traceparent", trace}});

  CHECK(answer.status == 200);
  CHECK(seen.idempotency_key == "k1");
  CHECK(seen.traceparent == trace);
}

TEST_CASE("a batch of executions keeps the order of its items") {
  auto& app = reset_fake_app();
  std::int64_t next = 0;
  app.start = [&](const wire::ExecuteRequest&) {
    return wire::ExecuteAnswer{.execution_id = {++next}, .commands_generated = 1, .is_duplicate = false};
  };
  const RunningApi server;

  const auto answer =
      post(server, "/api/v2/execute/batch", R"({"executions":[{"path":"a"},{"nonsense":1},{"path":"b"}]})");

  CHECK(answer.status == 200);
  CHECK(answer.body["started"] == 2);
  CHECK(answer.body["failed"] == 1);
  CHECK(answer.body["results"][0]["execution_id"] == "1");
  CHECK(answer.body["results"][1]["status"] == "error");
  CHECK(answer.body["results"][2]["execution_id"] == "2");
}

TEST_CASE("a playbook is registered as JSON, as base64 and as YAML") {
  auto& app = reset_fake_app();
  std::string seen;
  app.register_playbook = [&](const wire::RegisterRequest& request) {
    seen = request.content;
    return wire::RegisterAnswer{.catalog_id = {5}, .path = "a/b", .version = 3, .kind = "Playbook", .is_new = true};
  };
  const RunningApi server;

  const auto json = post(server, "/api/catalog/register", R"({"content":"a: b\n","resource_type":"Playbook"})");
  CHECK(seen == "a: b\n");
  CHECK(json.body["status"] == "success");
  CHECK(json.body["version"] == 3);
  CHECK(json.body["catalog_id"] == "5");
  static_cast<void>(post(server, "/api/catalog/register", R"({"content":"YTogYgo="})"));
  CHECK(seen == "a: b\n");
  static_cast<void>(post(server, "/api/catalog/register", "c: d\n", {}, "application/yaml"));
  CHECK(seen == "c: d\n");
}

TEST_CASE("commands are enqueued one by one or as a batch") {
  reset_fake_app();
  const RunningApi server;

  const auto one = post(server, "/api/v2/commands", R"({"tool":{"kind":"noop"}})", {{"Idempotency-Key", "k"}});
  const auto many =
      post(server, "/api/v2/commands", R"({"commands":[{"tool":{"kind":"noop"}},{"tool":{"kind":"noop"}}]})");

  CHECK(one.status == 201);
  CHECK(one.body == Json::parse(R"({"queue_id":"1","status":"queued"})"));
  CHECK(many.status == 201);
  CHECK(many.body == Json::parse(R"({"count":2,"queue_ids":["1","2"],"duplicates":0})"));
}

TEST_CASE("commands are listed page by page") {
  reset_fake_app();
  const RunningApi server;

  const auto first = get(server, "/api/v2/commands?limit=4&status=queued");
  CHECK(first.body["commands"].size() == 4);
  CHECK(first.body["next_before"] == "7");
  const auto last = get(server, "/api/v2/commands?limit=8&before=7");
  CHECK(last.body["commands"].size() == 6);
  CHECK(last.body["next_before"].is_null());
}

TEST_CASE("a command is claimed by its id, in a batch, and as NoETL v1's worker does") {
  reset_fake_app();
  const RunningApi server;

  const auto one = post(server, "/api/v2/commands/5/claim", R"({"worker_id":"w"})");
  CHECK(one.body["queue_id"] == "5");
  CHECK(one.body["context"]["tool"]["kind"] == "noop");
  const auto batch = post(server, "/api/v2/commands/claim", R"({"worker_id":"w","queue_ids":["5",6]})");
  CHECK(batch.body["commands"].size() == 2);
  const auto from_v1 = post(server, "/api/postgres/execute", R"({"queue_id":5,"worker_id":"w"})");
  CHECK(from_v1.body["status"] == "ok");
  CHECK(from_v1.body["result"] == Json::parse(R"([["5","0","start#1","noop",{"tool":{"kind":"noop"}}]])"));
}

TEST_CASE("a refused claim is a problem with its code and Retry-After") {
  auto& app = reset_fake_app();
  app.claim = [](const wire::ClaimRequest& request, std::stop_token) {
    wire::ClaimAnswer answer;
    answer.refused.push_back({.queue_id = request.queue_ids.front(),
                              .code = base::ErrorCode::active_claim,
                              .message = "held by w2",
                              .retry_after = std::chrono::milliseconds(2500)});
    return answer;
  };
  const RunningApi server;

  const auto answer = post(server, "/api/v2/commands/5/claim", R"({"worker_id":"w"})");

  CHECK(answer.status == 409);
  CHECK(answer.code() == "active_claim");
  CHECK(answer.header("Retry-After") == "3");
  CHECK(answer.header("Content-Type") == "application/problem+json");
}

TEST_CASE("SQL is refused with what to use instead") {
  reset_fake_app();
  const RunningApi server;

  for (const char* body : {R"({"query":"select 1"})", R"({"query_base64":"c2VsZWN0IDE="})",
                           R"({"procedure":"p","queue_id":1,"worker_id":"w"})"}) {
    const auto answer = post(server, "/api/postgres/execute", body);
    CHECK(answer.status == 400);
    CHECK(answer.code() == "unsupported");
    CHECK(answer.body["detail"].get<std::string>().find("/api/v2/commands/claim") != std::string::npos);
  }
}

TEST_CASE("one event has its verdict as the reply, a batch has them all") {
  auto& app = reset_fake_app();
  const RunningApi server;
  const std::string end =
      R"({"queue_id":"5","epoch":1,"name":"command.completed","payload":{"result":{"a":1}},"worker_id":"w"})";

  const auto one = post(server, "/api/v2/events", end);
  CHECK(one.body == Json::parse(R"({"status":"ok","commands_generated":2})"));
  const auto from_v1 = post(server, "/api/events",
                            R"({"execution_id":"9","step":"start","name":"step.exit","payload":{},"worker_id":"w"})");
  CHECK(from_v1.status == 200);
  const auto batch = post(server, "/api/v2/events",
                          R"({"worker_id":"w","events":[{"queue_id":"5","epoch":1,"name":"command.completed"}]})");
  CHECK(batch.body["verdicts"].size() == 1);

  app.report = [](const wire::ReportRequest& request) {
    wire::ReportAnswer answer;
    answer.verdicts.push_back({.queue_id = request.attempts.front().lease.queue_id,
                               .refused = base::ErrorCode::lease_lost,
                               .message = "epoch is 2",
                               .retry_after = {}});
    return answer;
  };
  const auto late = post(server, "/api/v2/events", end);
  CHECK(late.status == 409);
  CHECK(late.code() == "lease_lost");
}

TEST_CASE("executions are read, listed and cancelled under the old and the new names") {
  auto& app = reset_fake_app();
  app.executions = [&](const wire::ExecutionFilter& filter) {
    return std::vector<wire::ExecutionRow>(static_cast<std::size_t>(filter.limit),
                                           *app.execution({filter.before.value}));
  };
  const RunningApi server;

  CHECK(get(server, "/api/v2/executions/12").body["result"]["answer"] == 42);
  CHECK(get(server, "/api/executions/12/status").body["status"] == "COMPLETED");
  CHECK(get(server, "/api/executions/12").body["events"].is_array());
  CHECK(get(server, "/api/v2/executions/12/events?event_type=step.exit&after=3&limit=5").body["next_after"].is_null());
  const auto page = get(server, "/api/v2/executions?limit=2&before=9&status=completed");
  CHECK(page.body["executions"].size() == 2);
  CHECK(page.body["next_before"] == "9");
  CHECK(get(server, "/api/executions?limit=3&before=9").body.size() == 3);
  const auto cancelled = post(server, "/api/v2/executions/12/cancel", R"({"reason":"x","cascade":false})");
  CHECK(
      cancelled.body ==
      Json::parse(
          R"({"status":"cancelled","execution_id":"12","cancelled_executions":["12"],"message":"cancelled 1 execution"})"));
}

TEST_CASE("workers register, live, drain and leave under both families of routes") {
  auto& app = reset_fake_app();
  wire::Heartbeat seen;
  app.heartbeat = [&](const wire::Heartbeat& heartbeat) {
    seen = heartbeat;
    return wire::HeartbeatAnswer{};
  };
  const RunningApi server;

  CHECK(post(server, "/api/v2/workers", R"({"worker_id":"w","pool":"gpu","slots":4})").body["worker_id"] == "w");
  CHECK(post(server, "/api/v2/workers/w/heartbeat", R"({"held":[{"queue_id":"4","epoch":2}],"running":1})")
            .body["is_known"] == true);
  CHECK(seen.worker_id == "w");
  CHECK(seen.held.size() == 1);
  CHECK(post(server, "/api/v2/workers/w/drain", "").status == 200);
  CHECK(server.client().Delete("/api/v2/workers/w")->status == 200);
  CHECK(get(server, "/api/v2/workers?status=ready").body["workers"][0]["worker_id"] == "w1");

  CHECK(
      post(
          server, "/api/worker/pool/register",
          R"({"name":"w","kind":"worker_pool","runtime":"python","uri":"x","status":"ready","capacity":4,"labels":{}})")
          .body["name"] == "w");
  CHECK(post(server, "/api/worker/pool/heartbeat", R"({"name":"w","registration":{}})").body["status"] == "ok");
  CHECK(seen.has_claim_in_flight);
  CHECK(post(server, "/api/worker/pool/deregister", R"({"name":"w","kind":"worker_pool"})").body["status"] == "ok");
  CHECK(server.client().Delete("/api/worker/pool/deregister", R"({"name":"w"})", "application/json")->status == 200);
  CHECK(get(server, "/api/worker/pools").body["count"] == 1);
}

TEST_CASE("health is always 200, readiness says what is missing") {
  auto& app = reset_fake_app();
  const RunningApi server;

  CHECK(get(server, "/readyz").body["status"] == "ok");
  app.readiness.has_nats = false;
  CHECK(get(server, "/readyz").status == 200);
  CHECK(get(server, "/readyz").body["status"] == "degraded");
  app.readiness.is_schema_current = false;
  CHECK(get(server, "/readyz").code() == "schema_mismatch");
  app.readiness.has_postgres = false;
  const auto away = get(server, "/readyz");
  CHECK(away.status == 503);
  CHECK(away.code() == "unavailable");
  for (const char* path : {"/health", "/api/health"}) {
    const auto health = get(server, path);
    CHECK(health.status == 200);
    CHECK(health.body["status"] == "ok");
    CHECK(health.body["database"] == "unavailable");
    CHECK(health.body["version"] == "1.2.3");
  }
  CHECK(get(server, "/livez").status == 200);
}

TEST_CASE("the root leads on, and metrics and the OpenAPI document are served") {
  reset_fake_app();
  const RunningApi server;

  CHECK(get(server, "/").body["links"]["openapi"] == "/openapi.json");
  CHECK(get(server, "/openapi.json").body["openapi"] == "3.1.0");
  const auto metrics = server.client().Get("/metrics");
  CHECK(metrics->get_header_value("Content-Type").starts_with("text/plain; version=0.0.4"));
  CHECK(metrics->body.find("noetl_http_in_flight") != std::string::npos);
  CHECK(get(server, "/api/v2/queue").body["queue"][0]["count"] == 3);
  CHECK(post(server, "/api/catalog/list", "").body["entries"].empty());
  CHECK(post(server, "/api/catalog/resource", R"({"path":"a","version":2})").body["version"] == 2);
}
