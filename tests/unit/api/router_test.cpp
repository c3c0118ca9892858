#include <doctest/doctest.h>

#include "server/api/routes/router.hpp"

using namespace noetl;
using api::endpoints;

namespace {

std::string operation_at(const api::Router& router, std::string_view method, std::string_view path) {
  const auto route = router.find(method, path);
  return route ? std::string(endpoints()[route->endpoint].operation_id)
               : std::string(base::to_string(route.error().code));
}

std::string filled_route(std::string_view path) {
  std::string text(path);
  for (auto at = text.find('{'); at != std::string::npos; at = text.find('{'))
    text.replace(at, text.find('}') - at + 1, "7");
  return text;
}

}  // namespace

TEST_CASE("every row of the endpoints table is found by its own method and path") {
  const api::Router router(endpoints());

  for (const auto& endpoint : endpoints())
    CHECK(operation_at(router, endpoint.method, filled_route(endpoint.path)) == endpoint.operation_id);
}

TEST_CASE("a path without parameters wins over one with them") {
  const api::Router router(endpoints());

  CHECK(operation_at(router, "POST", "/api/v2/commands/claim") == "claimCommands");
  CHECK(operation_at(router, "POST", "/api/v2/commands/12/claim") == "claimCommand");
}

TEST_CASE("path parameters are read and checked") {
  const api::Router router(endpoints());

  const auto command = router.find("GET", "/api/v2/commands/9223372036854775807");
  REQUIRE(command);
  CHECK(command->id == 9223372036854775807);
  const auto worker = router.find("DELETE", "/api/v2/workers/host-1.a_b");
  REQUIRE(worker);
  CHECK(worker->worker_id == "host-1.a_b");
  for (const char* path : {"/api/v2/executions/abc", "/api/v2/executions/0", "/api/v2/executions/-1",
                           "/api/v2/executions/9223372036854775808", "/api/v2/executions/1 "}) {
    const auto route = router.find("GET", path);
    REQUIRE_FALSE(route);
    CHECK(route.error().code == base::ErrorCode::invalid_input);
    CHECK(route.error().field == "id");
  }
  CHECK(operation_at(router, "DELETE", "/api/v2/workers/a b") == "invalid_input");
}

TEST_CASE("an unknown path is not found, a known one with another method names those it has") {
  const api::Router router(endpoints());

  for (const char* path : {"", "no-slash", "/nothing", "/api/v2/executions/", "/api/v2/executions//events", "//",
                           "/health/", "/api/v2/commands/1/claim/more"}) {
    CHECK(operation_at(router, "GET", path) == "not_found");
  }
  CHECK(operation_at(router, "GET", "/" + std::string(5000, 'x')) == "not_found");
  const auto wrong = router.find("PUT", "/api/v2/workers");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == base::ErrorCode::method_not_allowed);
  CHECK(wrong.error().field == "POST, GET, HEAD");
}

TEST_CASE("HEAD is answered where GET is, and nowhere else") {
  const api::Router router(endpoints());

  CHECK(operation_at(router, "HEAD", "/livez") == "livez");
  CHECK(operation_at(router, "HEAD", "/api/v2/execute") == "method_not_allowed");
}
