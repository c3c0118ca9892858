// Bad input at every POST route: always 4xx problem+json with a code, nothing stored, server alive.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/e2e/hand_worker.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::e2e;
using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

struct Route {
  std::string path;
  std::string field;  // a text field of its body, for bad texts
  std::vector<Json> wrong;  // well-formed bodies that are refused
};

const Json noop{{"tool", {{"kind", "noop"}}}};

std::vector<Route> routes() {
  return {
      {"/api/catalog/register",
       "content",
       {Json::object(),
        {{"content", 7}},
        {{"content", ""}},
        {{"content", "no: playbook"}},
        {{"content", "a: [1, 2"}},
        {{"content", "&a [*a, *a]"}},
        {{"content", "a: b"}, {"nonsense", 1}},
        {{"content", {{"a", 1}}}}}},
      {"/api/catalog/resource",
       "path",
       {Json::object(),
        {{"path", 1}},
        {{"path", ""}},
        {{"catalog_id", "x"}},
        {{"catalog_id", 1}, {"path", "a"}},
        {{"path", "no/such"}},
        {{"path", "a"}, {"version", -1}},
        {{"path", "a"}, {"version", 1.5}},
        {{"catalog_id", 5}}}},
      {"/api/catalog/list",
       "resource_type",
       {{{"resource_type", 1}}, {{"limit", -5}}, {{"limit", 1e30}}, {{"nonsense", true}}}},
      {"/api/v2/execute",
       "path",
       {Json::object(),
        {{"path", 1}},
        {{"path", ""}},
        {{"path", std::string(10'000, 'p')}},
        {{"path", "a"}, {"payload", "text"}},
        {{"path", "a"}, {"payload", Json::array()}},
        {{"path", "a"}, {"version", 0}},
        {{"path", "a"}, {"nonsense", 1}},
        {{"catalog_id", "99999999999999999999999"}},
        {{"catalog_id", -1}},
        {{"catalog_id", 1.5}},
        {{"path", "no/such"}},
        {{"path", "a"}, {"idempotency_key", std::string(5000, 'k')}},
        {{"path", "a"}, {"parent_execution_id", "x"}}}},
      {"/api/v2/execute/batch",
       "executions",
       {Json::object(),
        {{"executions", Json::array()}},
        {{"executions", 3}},
        {{"executions", Json::array()}, {"nonsense", 1}},
        {{"executions", Json(2000, Json{{"path", "a"}})}}}},
      {"/api/v2/commands",
       "pool",
       {Json::object(),
        {{"tool", "noop"}},
        {{"tool", Json::object()}},
        {{"tool", {{"kind", ""}}}},
        {{"tool", {{"kind", 5}}}},
        {{"tool", {{"kind", "noop"}}}, {"priority", 1000}},
        {{"tool", {{"kind", "noop"}}}, {"max_attempts", 0}},
        {{"tool", {{"kind", "noop"}}}, {"max_attempts", 1e9}},
        {{"tool", {{"kind", "noop"}}}, {"timeout", -1}},
        {{"tool", {{"kind", "noop"}}}, {"available_at", "tomorrow"}},
        {{"tool", {{"kind", "noop"}}}, {"available_at", "2026-02-31T00:00:00Z"}},
        {{"tool", {{"kind", "noop"}}}, {"pool", "a.b"}},
        {{"tool", {{"kind", "noop"}}}, {"pool", "*"}},
        {{"tool", {{"kind", "noop"}}}, {"input", 5}},
        {{"tool", {{"kind", "noop"}}}, {"nonsense", 5}},
        {{"commands", Json::array()}},
        {{"commands", {noop, 5}}},
        {{"commands", Json(10'001, noop)}}}},
      {"/api/v2/commands/claim",
       "worker_id",
       {Json::object(),
        {{"worker_id", 5}},
        {{"worker_id", "no spaces allowed"}, {"slots", 1}},
        {{"worker_id", "hand"}, {"slots", 0}},
        {{"worker_id", "hand"}, {"slots", 1'000'000}},
        {{"worker_id", "hand"}, {"queue_ids", "all"}},
        {{"worker_id", "hand"}, {"queue_ids", {"x"}}},
        {{"worker_id", "hand"}, {"queue_ids", {-1}}},
        {{"worker_id", "hand"}, {"queue_ids", {"99999999999999999999999"}}},
        {{"worker_id", "hand"}, {"queue_ids", Json(5000, 1)}},
        {{"worker_id", "unknown-worker"}, {"slots", 1}}}},
      {"/api/v2/commands/1/claim", "worker_id", {Json::object(), {{"worker_id", 5}}, {{"worker_id", "hand"}}}},
      {"/api/v2/commands/99999999999999999999999/claim", "worker_id", {{{"worker_id", "hand"}}}},
      {"/api/v2/commands/abc/claim", "worker_id", {{{"worker_id", "hand"}}}},
      {"/api/v2/events",
       "name",
       {Json::object(),
        {{"events", 5}},
        {{"worker_id", "hand"}, {"events", {5}}},
        {{"name", "step.exit"}},
        {{"execution_id", "x"}, {"step", "s"}, {"name", "step.exit"}},
        {{"execution_id", 1}, {"step", "s"}, {"name", "call.done"}},
        {{"worker_id", "hand"}, {"events", {{{"queue_id", 1}, {"epoch", "x"}, {"name", "command.completed"}}}}},
        {{"worker_id", "hand"}, {"events", {{{"queue_id", 1}, {"epoch", -1}, {"name", "command.completed"}}}}},
        {{"worker_id", "hand"}, {"events", {{{"queue_id", 1}, {"epoch", 1}, {"name", "command.exploded"}}}}}}},
      {"/api/v2/executions/1/cancel",
       "reason",
       {{{"reason", 5}}, {{"cascade", "yes"}}, {{"nonsense", 1}}, Json::object()}},
      {"/api/v2/executions/abc/cancel", "reason", {Json::object()}},
      {"/api/v2/workers",
       "worker_id",
       {Json::object(),
        {{"worker_id", ""}},
        {{"worker_id", "a/b"}},
        {{"worker_id", std::string(500, 'w')}},
        {{"worker_id", "w"}, {"slots", -1}},
        {{"worker_id", "w"}, {"slots", "many"}},
        {{"worker_id", "w"}, {"tools", "all"}},
        {{"worker_id", "w"}, {"pool", "a b"}},
        {{"worker_id", "w"}, {"labels", 3}},
        {{"worker_id", "w"}, {"nonsense", 3}}}},
      {"/api/v2/workers/hand/heartbeat",
       "status",
       {{{"held", 5}},
        {{"held", {5}}},
        {{"held", {{{"queue_id", "x"}, {"epoch", 1}}}}},
        {{"running", -1}},
        {{"status", "asleep"}}}},
      {"/api/execute", "path", {Json::object(), {{"path", 5}}}},
      {"/api/events", "name", {Json::object(), {{"name", 5}}}},
      {"/api/worker/pool/register", "name", {Json::object(), {{"name", 5}}, {{"name", "a/b"}}}},
      {"/api/worker/pool/heartbeat", "name", {Json::object(), {{"name", 5}}}},
      {"/api/worker/pool/deregister", "name", {Json::object(), {{"name", 5}}, {{"name", "nobody"}}}},
      {"/api/v2/workers/nobody/drain", "reason", {Json::object(), {{"nonsense", 1}}}},
      {"/api/postgres/execute",
       "query",
       {Json::object(),
        {{"query", "select 1"}},
        {{"query_base64", "c2VsZWN0IDE="}},
        {{"procedure", "p"}},
        {{"query", 5}}}},
  };
}

const std::string deep_array = std::string(100'000, '[');
const std::string deep_object = [] {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += R"({"a":)";
  return text + "1" + std::string(5000, '}');
}();

// Bodies that no route accepts.
std::vector<std::string> broken_bodies(const std::string& field) {
  return {"{",
          "{}}",
          "[]",
          "null",
          "42",
          "\"text\"",
          "{\"" + field + "\":\"a\",}",
          "{\"" + field + "\": NaN}",
          "{\"" + field + "\":\"a\\u0000b\"}",
          std::string("{\"") + field + "\":\"a" + std::string(1, '\0') + "b\"}",
          "{\"" + field + "\":\"\xff\xfe\"}",
          "{\"" + field + "\":\"\xed\xa0\x80\"}",
          "{\"" + field + "\":\"\\ud800\"}",
          std::string("\0\0\0\0", 4),
          deep_array,
          deep_object,
          "{\"" + field + "\":" + deep_array + "}",
          "{\"" + field + "\":1e999}"};
}

std::vector<SqlRow> row_counts(const Stack& stack) {
  return stack.sql(
      "select (select count(*) from noetl.catalog), (select count(*) from noetl.execution), (select count(*) "
      "from noetl.queue),"
      " (select count(*) from noetl.event), (select count(*) from noetl.worker), (select count(*) from "
      "noetl.claim),"
      " (select count(*) from noetl.result), (select count(*) from noetl.dead_letter),"
      " (select coalesce(sum(epoch), 0) from noetl.queue)");
}

void check_refused(const Stack& stack, const std::string& path, const std::string& body,
                   const std::string& content_type = "application/json") {
  CAPTURE(path);
  CAPTURE(body.substr(0, 120));
  try {
    const auto answer = stack.api().post_raw(path, body, content_type);
    CHECK_MESSAGE(answer.status / 100 == 4, answer.status, " ", answer.body.substr(0, 300));
    CHECK_MESSAGE(answer.header("content-type").starts_with("application/problem+json"), answer.header("content-type"));
    CHECK_MESSAGE(!answer.code().empty(), answer.body.substr(0, 300));
  } catch (const HttpFailed& failed) {
    FAIL_CHECK(failed.what());
  }
}

StackSettings without_workers() { return {.workers = 0, .env = {}}; }

}  // namespace

TEST_CASE("every POST route refuses bad bodies with a code and stores nothing of them") {
  Stack stack(without_workers());
  const HandWorker hand(stack.api(), "hand");
  stack.enqueue({noop});
  const auto before = row_counts(stack);

  for (const auto& route : routes()) {
    for (const auto& body : broken_bodies(route.field)) check_refused(stack, route.path, body);
    for (const auto& body : route.wrong) check_refused(stack, route.path, body.dump());
  }

  CHECK(row_counts(stack) == before);
  CHECK(stack.server().is_running());
  CHECK(stack.api().get("/livez").status == 200);
}

TEST_CASE("a body beyond the limit is refused on every route, and the server stays small") {
  Stack stack(without_workers());
  const std::string huge = R"({"x":")" + std::string(17 * 1024 * 1024, 'x') + R"("})";

  for (const auto& route : routes()) {
    CAPTURE(route.path);
    try {
      const auto answer = stack.api().post_raw(route.path, huge);
      CHECK((answer.status == 413 || answer.status == 422));  // 422: an id in the path was refused first
      CHECK((answer.code() == "payload_too_large" || answer.code() == "invalid_input"));
    } catch (const HttpFailed&) {
      // The server may answer and close before all of it was sent; then the client sees a cut connection.
    }
  }

  CHECK(stack.server().is_running());
  CHECK(stack.api().get("/livez").status == 200);
}

TEST_CASE("ids out of range, unknown routes and wrong methods are refused with a code") {
  Stack stack(without_workers());

  for (const std::string path :
       {"/api/v2/executions/abc", "/api/v2/executions/-1", "/api/v2/executions/0",
        "/api/v2/executions/99999999999999999999999", "/api/v2/executions/1", "/api/v2/executions/abc/events",
        "/api/v2/executions?limit=-1", "/api/v2/executions?limit=abc", "/api/v2/executions?before=x",
        "/api/v2/commands/abc", "/api/v2/commands/1", "/api/v2/executions?status=sleeping", "/no/such/route",
        "/api/v2/executions/%00", "/api/v2/executions/%ff"}) {
    CAPTURE(path);
    const auto answer = stack.api().get(path);
    CHECK_MESSAGE(answer.status / 100 == 4, answer.status, " ", answer.body.substr(0, 200));
    CHECK_MESSAGE(!answer.code().empty(), answer.body.substr(0, 200));
  }
  CHECK(stack.api().post("/livez", Json::object()).status / 100 == 4);
  CHECK(stack.api().remove("/api/v2/execute").status / 100 == 4);
  CHECK(stack.server().is_running());
}

TEST_CASE("a playbook that cannot be right is refused with line and column, and not stored") {
  const Stack stack(without_workers());
  const std::string head = "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: e2e/x}\n";
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += (k > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  const std::vector<std::string> texts{
      head + "workflow: []\n",
      head + "workflow:\n  - step: start\n    tool: {kind: noop}\n    next: [{step: nowhere}]\n",
      head + "workflow:\n  - step: start\n    tool: {kind: noop}\n  - step: start\n    tool: {kind: noop}\n",
      head +
          "workflow:\n  - step: start\n    tool: {kind: noop}\n    next:\n      - step: start\n       - "
          "broken\n",
      head + "workflow: {a: b}\n",
      head + bomb + "workflow:\n  - step: start\n    tool: {kind: noop}\n",
      std::string(200, '[') + "\n",
  };

  for (const auto& text : texts) {
    CAPTURE(text.substr(0, 200));
    const auto answer = stack.api().post("/api/catalog/register", {{"content", text}});
    CHECK_MESSAGE(answer.status == 422, answer.status, " ", answer.body);
    CHECK_MESSAGE(answer.code() == "invalid_playbook", answer.body);
  }

  CHECK(stack.sql_number("select count(*) from noetl.catalog") == 0);
}

TEST_CASE("connections that send nonsense or nothing do not stop others") {
  Stack stack(without_workers());

  for (const std::string nonsense :
       {"\r\n\r\n", "GET\r\n\r\n", "POST /api/v2/execute HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        "POST /api/v2/execute HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"}) {
    const TemporaryFolder folder;
    write_text(folder.path() / "request", nonsense);
    const auto port = stack.api().url().substr(stack.api().url().rfind(':') + 1);
    Process sender(
        {.command = {"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/" + port + "; cat request >&3; timeout 1 cat <&3"},
         .env = {},
         .log_file = folder.path() / "answer",
         .work_folder = folder.path(),
         .user = {}});
    sender.wait(15s);
    CHECK(stack.api().get("/livez").status == 200);
  }
  CHECK(stack.server().is_running());
}
