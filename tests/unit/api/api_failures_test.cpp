// The answers of the door when something else fails, and its counters.
#include <doctest/doctest.h>

#include "server/postgres/errors.hpp"
#include "tests/unit/api/running_api.hpp"

using namespace noetl;
using namespace noetl::api_test;

TEST_CASE("a database that is away is 503, and what nobody expected is 500 without its inside") {
  auto& app = reset_fake_app();
  const RunningApi server;

  app.start = [](const wire::ExecuteRequest&) -> base::Result<wire::ExecuteAnswer> {
    throw postgres::Unavailable("secret host is down");
  };
  const auto away = post(server, "/api/v2/execute", R"({"path":"a"})");
  app.start = [](const wire::ExecuteRequest&) -> base::Result<wire::ExecuteAnswer> {
    throw std::logic_error("secret text");
  };
  const auto broken = post(server, "/api/v2/execute", R"({"path":"a"})");

  CHECK(away.status == 503);
  CHECK(away.code() == "unavailable");
  CHECK(away.header("Retry-After") == "1");
  CHECK(away.body.dump().find("secret") == std::string::npos);
  CHECK(broken.status == 500);
  CHECK(broken.code() == "internal");
  CHECK(broken.body.dump().find("secret") == std::string::npos);
}

TEST_CASE("requests are counted by operation and status") {
  reset_fake_app();
  const RunningApi server;

  static_cast<void>(post(server, "/api/v2/execute", R"({"path":"a"})"));
  static_cast<void>(post(server, "/api/v2/execute", "{"));
  static_cast<void>(get(server, "/nothing"));

  const std::string metrics = server.metrics();
  CHECK(metrics.find(R"(noetl_http_requests_total{operation="execute",status="200"} 1)") != std::string::npos);
  CHECK(metrics.find(R"(noetl_http_requests_total{operation="execute",status="400"} 1)") != std::string::npos);
  CHECK(metrics.find(R"(noetl_http_requests_total{operation="none",status="other"} 1)") != std::string::npos);
}

TEST_CASE("a port that is taken is said to be") {
  reset_fake_app();
  const RunningApi server;
  auto settings = api_settings();
  settings.port = server.port();

  CHECK_THROWS_WITH_AS(RunningApi{settings}, doctest::Contains("cannot listen on 127.0.0.1 port"), std::runtime_error);
}
