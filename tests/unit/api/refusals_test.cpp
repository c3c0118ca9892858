// What no route accepts: every one of them answers with problem+json, a code and no effect.
#include <doctest/doctest.h>

#include "server/api/routes/endpoints.hpp"
#include "tests/support/packed.hpp"
#include "tests/unit/api/running_api.hpp"

using namespace noetl;
using namespace noetl::api_test;

namespace {

std::string filled(std::string_view path) {
  std::string text(path);
  if (text.ends_with("/commands/{name}")) text.replace(text.size() - 6, 6, "ping");  // its fields depend on its name
  for (auto at = text.find('{'); at != std::string::npos; at = text.find('{'))
    text.replace(at, text.find('}') - at + 1, "7");
  return text;
}

void check_problem(const Answer& answer, int status, const std::string& code) {
  CHECK(answer.status == status);
  CHECK(answer.code() == code);
  CHECK(answer.header("Content-Type") == "application/problem+json");
  CHECK(answer.body.value("status", 0) == status);
}

}  // namespace

TEST_CASE("a body that is no JSON is refused by every route that takes one") {
  reset_fake_app();
  const RunningApi server;
  const std::string broken[] = {"{",
                                "[1,2",
                                "nonsense",
                                "{\"a\":1}}",
                                std::string("{\"a\":\"\0\"}", 9),
                                "{\"a\":\"\xFF\"}",
                                R"({"a":"\u0000"})",
                                std::string(200, '[') + std::string(200, ']')};

  for (const auto& endpoint : api::endpoints()) {
    if (endpoint.body == api::BodyKind::none || endpoint.method != "POST") continue;
    CAPTURE(endpoint.path);
    for (const auto& body : broken) check_problem(post(server, filled(endpoint.path), body), 400, "malformed_body");
    check_problem(post(server, filled(endpoint.path), "[]"), 422, "invalid_input");
    check_problem(post(server, filled(endpoint.path), R"({"no_such_field_anywhere":1})"), 422, "invalid_input");
  }
}

TEST_CASE("a body that is not said to be JSON in so many words is refused, as a page may send it without asking") {
  reset_fake_app();
  const RunningApi server;

  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                           "TEXT/Plain; charset=utf-8", "text/plain\t;x", "application/jsonx", "application/json;x",
                           "application/json; charset=latin1", "application/yaml", "*/*"}) {
    CAPTURE(type);
    check_problem(post(server, "/api/v2/commands", R"({"tool":{"kind":"noop"}})", {}, type), 415, "unsupported");
  }
  CHECK(post(server, "/api/v2/commands", R"({"tool":{"kind":"noop"}})", {}, "Application/JSON; charset=utf-8").status ==
        201);
}

TEST_CASE("a body is unpacked as its Content-Encoding says, and refused where it cannot be") {
  reset_fake_app();
  const RunningApi server;
  const std::string json = R"({"tool":{"kind":"noop"}})";
  const auto sent = [&](const std::string& codings, const std::string& body) {
    return post(server, "/api/v2/commands", body, {{"Content-Encoding", codings}});
  };
  const std::string gzip = support::packed(json);

  CHECK(sent("gzip", gzip).status == 201);
  CHECK(sent("X-GZip", gzip).status == 201);
  CHECK(sent("gzip", support::packed(json.substr(0, 9)) + support::packed(json.substr(9))).status == 201);
  CHECK(sent("deflate", support::packed(json, support::Packing::zlib)).status == 201);
  CHECK(sent("deflate", support::packed(json, support::Packing::raw)).status == 201);
  CHECK(sent("deflate, gzip", support::packed(support::packed(json, support::Packing::zlib))).status == 201);
  for (const char* coding : {"x", "identity", "br", "zstd", "gzip, br"}) {
    CAPTURE(coding);
    for (const auto& body : {json, gzip}) {
      const Answer answer = sent(coding, body);
      check_problem(answer, 415, "unsupported");
      CHECK(answer.header("Accept-Encoding") == "gzip, deflate");
      CHECK(answer.body.value("field", "").find("Content-Encoding") != std::string::npos);
    }
  }
  check_problem(sent("gzip", gzip.substr(0, gzip.size() - 1)), 400, "malformed_body");
  check_problem(sent("gzip", gzip.substr(0, 12)), 400, "malformed_body");
  check_problem(sent("gzip", json), 400, "malformed_body");
  check_problem(sent("gzip", gzip + "x"), 400, "malformed_body");
  check_problem(sent("gzip", support::packed(std::string(80'000'000, ' '))), 413, "payload_too_large");
}

TEST_CASE("unknown paths are 404, other methods 405 with Allow") {
  reset_fake_app();
  const RunningApi server;

  check_problem(get(server, "/nothing"), 404, "not_found");
  check_problem(post(server, "/nothing", "{}"), 404, "not_found");
  const auto wrong = post(server, "/livez", "{}");
  check_problem(wrong, 405, "method_not_allowed");
  CHECK(wrong.header("Allow") == "GET, HEAD");
  CHECK_FALSE(wrong.body.contains("field"));
  CHECK(server.client().Put("/api/v2/execute", "{}", "application/json")->status == 405);
  CHECK(server.client().Patch("/api/v2/execute", "{}", "application/json")->status == 405);
  CHECK(server.client().Options("/api/v2/execute")->status == 405);
  check_problem(get(server, "/api%2fv2%2fqueue"), 400, "malformed_body");
  check_problem(get(server, "/%6civez"), 400, "malformed_body");
}

TEST_CASE("path and query fields out of range are refused with their name") {
  reset_fake_app();
  const RunningApi server;
  const std::pair<const char*, const char*> wrong[] = {
      {"/api/v2/executions/abc", "id"},
      {"/api/v2/executions/0", "id"},
      {"/api/v2/executions/%ff", "id"},
      {"/api/v2/executions?limit=0", "limit"},
      {"/api/v2/executions?limit=1001", "limit"},
      {"/api/v2/executions?limit=abc", "limit"},
      {"/api/v2/executions?before=-1", "before"},
      {"/api/v2/executions?status=sleeping", "status"},
      {"/api/v2/executions?nonsense=1", "nonsense"},
      {"/api/v2/executions?limit=1&limit=2", "limit"},
      {"/api/v2/executions?path=%ff", "path"},
      {"/api/v2/commands?pool=a.b", "pool"},
      {"/api/v2/commands?status=x", "status"},
      {"/api/v2/workers?status=x", "status"},
      {"/api/v2/dead?group=maybe", "group"},
      {"/api/v2/dead?group=true&group=false", "group"},
      {"/api/credentials/a?include_data=yes", "include_data"},
  };

  for (const auto& [path, field] : wrong) {
    CAPTURE(path);
    const auto answer = get(server, path);
    check_problem(answer, 422, "invalid_input");
    CHECK(answer.body.value("field", "") == field);
  }
}

TEST_CASE(
    "a query that nobody reads is refused before anything is deleted; what NoETL's clients send elsewhere is "
    "ignored") {
  reset_fake_app();
  const RunningApi server;

  const auto deleted = server.client().Delete("/api/v2/dead/7?dry_run=true");

  REQUIRE(deleted);
  CHECK(deleted->status == 422);
  CHECK(deleted->body.find("dry_run") != std::string::npos);
  CHECK(get(server, "/api/executions/7/status?include=events").status != 422);
  CHECK(get(server, "/livez?now=1").status == 200);
}

TEST_CASE("an Idempotency-Key that cannot be one, or belongs to another body, is refused") {
  reset_fake_app();
  const RunningApi server;

  check_problem(post(server, "/api/v2/execute", R"({"path":"a"})", {{"Idempotency-Key", std::string(300, 'k')}}), 422,
                "invalid_input");
  check_problem(post(server, "/api/v2/execute", R"({"path":"a"})", {{"Idempotency-Key", ""}}), 422, "invalid_input");
  check_problem(post(server, "/api/v2/execute", R"({"path":"a","idempotency_key":"x"})", {{"Idempotency-Key", "y"}}),
                409, "conflict");
  check_problem(
      post(server, "/api/v2/commands", R"({"commands":[{"tool":{"kind":"noop"}}]})", {{"Idempotency-Key", "y"}}), 409,
      "conflict");
}
