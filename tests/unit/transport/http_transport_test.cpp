// HttpTransport against a small HTTP server of its own.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <httplib.h>

#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "shared/transport/http_transport.hpp"
#include "shared/wire/error_codes.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

struct Server {
  httplib::Server http;
  int port = 0;
  std::jthread thread;

  Server() {
    http.set_keep_alive_max_count(1000);
    port = http.bind_to_any_port("127.0.0.1");
    thread = std::jthread([this] { http.listen_after_bind(); });
    support::wait_until("the server listens", std::chrono::seconds(10), [this] { return http.is_running(); });
    // Before that a stop does nothing.
    support::wait_until("the server listens", std::chrono::seconds(10), [this] { return http.is_running(); });
  }
  ~Server() { http.stop(); }

  [[nodiscard]] transport::HttpSettings settings() const {
    transport::HttpSettings settings;
    settings.server_url = "http://127.0.0.1:" + std::to_string(port);
    settings.connect_timeout = 500ms;
    settings.answer_timeout = 2s;
    return settings;
  }
};

void answer(httplib::Response& response, int status, const std::string& body) {
  response.status = status;
  response.set_content(body, "application/json");
}

}  // namespace

TEST_CASE("a server with a certificate of its own authority is reached with that authority alone") {
  const support::Certificates made;
  httplib::SSLServer server(made.file("server.pem").c_str(), made.file("server.key").c_str());
  REQUIRE(server.is_valid());
  server.Get("/x", [](const auto&, auto& response) { answer(response, 200, "{}"); });
  transport::HttpSettings settings;
  settings.server_url = "https://127.0.0.1:" + std::to_string(server.bind_to_any_port("127.0.0.1"));
  const std::jthread thread([&server] { server.listen_after_bind(); });
  support::wait_until("the server listens", std::chrono::seconds(10), [&server] { return server.is_running(); });

  CHECK_FALSE(transport::HttpTransport(settings).get("/x").has_value());
  settings.tls_ca_file = made.file("ca.pem");
  CHECK(transport::HttpTransport(settings).get("/x").value_or("") == "{}");

  server.stop();
}

TEST_CASE("every call goes to its route with its JSON, on one kept connection") {
  Server server;
  std::set<int> ports;
  std::string token;
  const auto note = [&](const httplib::Request& request) {
    ports.insert(request.remote_port);
    token = request.get_header_value("Authorization");
  };
  server.http.Post("/api/v2/workers", [&](const auto& request, auto& response) {
    note(request);
    answer(response, 200,
           R"({"worker_id":")" + Json::parse(request.body)["worker_id"].template get<std::string>() +
               R"(","lease_ms":7000})");
  });
  server.http.Post("/api/v2/workers/w-1/heartbeat", [&](const auto& request, auto& response) {
    note(request);
    answer(response, 200, R"({"is_known":true,"cancelled":["5"]})");
  });
  server.http.Post("/api/v2/commands/claim", [&](const auto& request, auto& response) {
    note(request);
    answer(response, 200, R"({"commands":[],"refused":[{"queue_id":"5","code":"not_found","message":"m"}]})");
  });
  server.http.Post("/api/v2/events", [&](const auto& request, auto& response) {
    note(request);
    answer(response, 200,
           R"({"status":"ok","commands_generated":1,"verdicts":[{"queue_id":"5","status":"recorded"}]})");
  });
  server.http.Delete("/api/v2/workers/w-1", [&](const auto& request, auto& response) {
    note(request);
    answer(response, 200, "{}");
  });
  auto settings = server.settings();
  settings.token = "sesame";
  transport::HttpTransport http(settings);

  wire::WorkerRegistration registration;
  registration.worker_id = "w-1";
  CHECK(http.register_worker(registration)->lease == 7s);
  wire::Heartbeat heartbeat;
  heartbeat.worker_id = "w-1";
  CHECK(http.heartbeat(heartbeat)->cancelled.size() == 1);
  wire::ClaimRequest claim;
  claim.worker_id = "w-1";
  claim.queue_ids = {base::CommandId{5}};
  CHECK(http.claim(claim)->refused.size() == 1);
  wire::ReportRequest report;
  report.worker_id = "w-1";
  report.attempts.emplace_back().lease = {.queue_id = base::CommandId{5}, .epoch = 1};
  CHECK(http.report(report)->verdicts.size() == 1);
  CHECK(http.deregister("w-1").has_value());

  CHECK(ports.size() == 1);
  CHECK(token == "Bearer sesame");
}

TEST_CASE("a problem comes back as the server's error, with the time to retry after") {
  Server server;
  std::string body = wire::encode_problem(
      {.code = base::ErrorCode::lease_lost, .message = "gone", .field = "/x", .retry_after = 70ms, .details = {}});
  int status = 409;
  server.http.Post("/api/v2/events", [&](const auto&, auto& response) {
    response.set_header("Retry-After", "3");
    answer(response, status, body);
  });
  transport::HttpTransport http(server.settings());

  const auto refused = http.report({});
  CHECK(refused.error().code == base::ErrorCode::lease_lost);
  CHECK(refused.error().message == "gone");
  CHECK(refused.error().retry_after == 70ms);

  body = "busy";
  status = 503;
  CHECK(http.report({}).error().code == base::ErrorCode::unavailable);
  CHECK(http.report({}).error().retry_after == 3s);
}

TEST_CASE("answers that are no answers are errors") {
  Server server;
  std::string body;
  server.http.Post("/api/v2/events", [&](const auto&, auto& response) { answer(response, 200, body); });
  transport::HttpTransport http(server.settings());
  for (const char* text :
       {"", "<html>", "{}", R"({"verdicts":7})", R"({"verdicts":[{"queue_id":"x","status":"ok"}]})"}) {
    CAPTURE(text);
    body = text;
    const auto result = http.report({});
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == base::ErrorCode::internal);
  }
}

TEST_CASE("a server that is away, comes back, or says nothing is no more than an error to repeat after") {
  auto first = std::make_unique<Server>();
  first->http.Post("/api/v2/events", [](const auto&, auto& response) { answer(response, 200, R"({"verdicts":[]})"); });
  auto settings = first->settings();
  settings.answer_timeout = 200ms;
  transport::HttpTransport http(settings);
  CHECK(http.report({}).has_value());

  first.reset();
  CHECK(http.report({}).error().code == base::ErrorCode::unavailable);

  Server silent;
  std::promise<void> let_go;
  silent.http.Post("/api/v2/events", [held = let_go.get_future().share()](const auto&, auto& response) {
    held.wait();
    answer(response, 200, R"({"verdicts":[]})");
  });
  settings.server_url = silent.settings().server_url;
  transport::HttpTransport waiting(settings);
  CHECK(waiting.report({}).error().code == base::ErrorCode::timeout);
  let_go.set_value();

  settings.server_url = "no url at all";
  transport::HttpTransport nowhere(settings);
  CHECK_FALSE(nowhere.report({}).has_value());
}
