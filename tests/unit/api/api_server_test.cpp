// The door over real sockets: bounds, overload, stopping, and what a connection may do.
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <latch>
#include <vector>

#include "server/queue/submit_batcher.hpp"
#include "tests/unit/api/running_api.hpp"

using namespace noetl;
using namespace noetl::api_test;
using namespace std::chrono_literals;

TEST_CASE("one connection carries many requests") {
  reset_fake_app();
  const RunningApi server;
  auto client = server.client();

  for (int i = 0; i < 50; ++i) {
    const auto result = client.Post("/api/v2/execute", R"({"path":"a"})", "application/json");
    REQUIRE(result);
    CHECK(result->status == 200);
  }
  CHECK(server.metrics().find("noetl_http_connections 1") != std::string::npos);
}

TEST_CASE("requests sent in one packet are all answered in order") {
  reset_fake_app();
  const RunningApi server;
  const RawConnection raw(server.port());

  raw.send(
      "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /api/v2/execute HTTP/1.1\r\nHost: "
      "localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "12\r\n\r\n{\"path\":\"a\"}GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = raw.receive_all();

  const auto live = answers.find("HTTP/1.1 200");
  const auto started = answers.find("\"execution_id\":\"77\"");
  const auto missing = answers.find("HTTP/1.1 404");
  CHECK(live < started);
  CHECK(started < missing);
  CHECK(missing != std::string::npos);
}

TEST_CASE("HEAD has the head of GET and no body") {
  reset_fake_app();
  const RunningApi server;

  const auto result = server.client().Head("/livez");

  REQUIRE(result);
  CHECK(result->status == 200);
  CHECK(result->get_header_value("Content-Length") == "15");
  CHECK(result->body.empty());
}

TEST_CASE("a body that is refused before it was read does not become the next request") {
  reset_fake_app();
  const RunningApi server;
  const RawConnection raw(server.port());

  raw.send(
      "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\nGET /livez HTTP/1.1\r\nHost: "
      "localhost\r\n\r\n "
      "       ");
  const std::string answers = raw.receive_all();

  CHECK(answers.starts_with("HTTP/1.1 404"));
  CHECK(answers.find("HTTP/1.1 200") == std::string::npos);
  CHECK(answers.find("Connection: close") != std::string::npos);
}

TEST_CASE("bodies beyond the bound are refused: declared, chunked and compressed") {
  reset_fake_app();
  auto settings = api_settings();
  settings.body_bytes_max = 1024;
  const RunningApi server(settings);
  const std::string large(100'000, 'x');

  const auto declared = post(server, "/api/v2/execute", large);
  CHECK(declared.status == 413);
  CHECK(declared.code() == "payload_too_large");

  const RawConnection raw(server.port());
  raw.send(
      "POST /api/v2/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 4; ++i) raw.send("1000\r\n" + std::string(0x1000, 'x') + "\r\n");
  CHECK(raw.receive_until("payload_too_large").starts_with("HTTP/1.1 413"));

  auto client = server.client();
  client.set_compress(true);
  const auto compressed = client.Post("/api/v2/execute", large, "application/json");
  REQUIRE(compressed);
  CHECK(compressed->status == 413);
}

TEST_CASE("a chunked body within the bound is read") {
  reset_fake_app();
  const RunningApi server;
  const RawConnection raw(server.port());

  raw.send(
      "POST /api/v2/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/json\r\nTransfer-Encoding: chunked\r\nConnection: "
      "close\r\n\r\n6\r\n{\"path\r\n6\r\n\":\"a\"}\r\n0\r\n\r\n");

  CHECK(raw.receive_all().find("\"status\":\"started\"") != std::string::npos);
}

TEST_CASE("a client that waits for 100 Continue gets it") {
  reset_fake_app();
  const RunningApi server;
  const RawConnection raw(server.port());

  raw.send(
      "POST /api/v2/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "12\r\nExpect: 100-continue\r\nConnection: "
      "close\r\n\r\n");
  CHECK(raw.receive_until("\r\n\r\n").starts_with("HTTP/1.1 100"));
  raw.send("{\"path\":\"a\"}");

  CHECK(raw.receive_all().find("\"status\":\"started\"") != std::string::npos);
}

TEST_CASE("a POST without a body is answered at once") {
  reset_fake_app();
  const RunningApi server;
  const RawConnection raw(server.port());

  raw.send("POST /api/v2/executions/5/cancel HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

  CHECK(raw.receive_all().find("\"status\":\"cancelled\"") != std::string::npos);
}

TEST_CASE("what is no HTTP gets a problem and the connection ends") {
  reset_fake_app();
  const RunningApi server;
  for (const std::string& request :
       {std::string("hello\r\n\r\n"), "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
    const RawConnection raw(server.port());
    raw.send(request);
    const std::string answer = raw.receive_all();
    CAPTURE(answer);
    CHECK(answer.starts_with("HTTP/1.1 4"));
    CHECK(answer.find("application/problem+json") != std::string::npos);
  }
}

TEST_CASE("a head without end is not kept") {
  reset_fake_app();
  const RunningApi server;
  const RawConnection raw(server.port());

  raw.send("GET /livez HTTP/1.1\r\n");
  for (int i = 0; i < 40; ++i) raw.send("X-" + std::to_string(i) + ": " + std::string(4000, 'x') + "\r\n");
  static_cast<void>(raw.receive_all());  // ends: the server has closed

  CHECK(get(server, "/livez").status == 200);
}

TEST_CASE("a body whose length is told twice, or is no number, is refused") {
  reset_fake_app();
  const RunningApi server;
  for (const std::string lengths :
       {"Content-Length: 2\r\nContent-Length: 12", "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Content-Length: -5", "Content-Length: 99999999999999999999"}) {
    CAPTURE(lengths);
    const RawConnection raw(server.port());
    raw.send("POST /api/v2/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + lengths +
             "\r\n\r\n{}");
    CHECK(raw.receive_all().starts_with("HTTP/1.1 400"));
  }
}

TEST_CASE("a length that is told twice ends the connection of a request without a body as well") {
  reset_fake_app();
  const RunningApi server;
  for (const std::string request : {"GET /livez", "HEAD /livez", "GET /api/v2/executions", "GET /nothing"}) {
    CAPTURE(request);
    const RawConnection raw(server.port());
    raw.send(request +
             " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 37\r\n\r\nGET /livez "
             "HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto answers = raw.receive_all();
    CHECK(answers.starts_with("HTTP/1.1 400"));
    CHECK(answers.find("HTTP/1.1 200") == std::string::npos);
  }
}

TEST_CASE("requests beyond those that may work at once are refused with Retry-After") {
  auto& app = reset_fake_app();
  auto settings = api_settings();
  settings.in_flight_max = 1;
  settings.in_flight_patience = 20ms;
  std::latch inside(1);
  std::latch release(1);
  app.start = [&](const wire::ExecuteRequest&) {
    inside.count_down();
    release.wait();
    return wire::ExecuteAnswer{.execution_id = {77}, .commands_generated = 1, .is_duplicate = false};
  };
  const RunningApi server(settings);

  auto slow = std::async(std::launch::async, [&] {
    return post(server, "/api/v2/execute/batch", R"({"executions":[{"path":"a"}]})").status;
  });
  inside.wait();
  const auto refused = post(server, "/api/v2/execute/batch", R"({"executions":[{"path":"a"}]})");
  const auto health = get(server, "/livez");
  release.count_down();

  CHECK(refused.status == 503);
  CHECK(refused.code() == "saturated");
  CHECK(refused.header("Retry-After") == "1");
  CHECK(health.status == 200);
  CHECK(slow.get() == 200);
  CHECK(server.metrics().find("noetl_http_refused_total{what=\"request\"} 1") != std::string::npos);
}

TEST_CASE("a flood of new work leaves room for what workers report") {
  auto& app = reset_fake_app();
  auto settings = api_settings();
  settings.in_flight_max = 8;
  settings.batch_submits_max = 2;
  settings.in_flight_patience = 10s;  // the flood waits; a report must not wait behind it
  std::latch inside(queue::SubmitBatcher::writers_max);
  std::latch release(1);
  std::atomic<int> entered{0};
  app.enqueue = [&](const std::vector<wire::NewCommand>& commands) {
    if (entered.fetch_add(1) < queue::SubmitBatcher::writers_max) inside.count_down();
    release.wait();
    return std::vector<wire::EnqueuedCommand>(commands.size(), {.queue_id = {1}, .is_duplicate = false});
  };
  const RunningApi server(settings);

  std::vector<std::future<int>> flood;
  for (int i = 0; i < 12; ++i) {
    flood.push_back(std::async(std::launch::async,
                               [&] { return post(server, "/api/v2/commands", R"({"tool":{"kind":"noop"}})").status; }));
  }
  inside.wait();
  const auto report =
      post(server, "/api/v2/events",
           R"({"worker_id":"w","queue_id":"1","epoch":1,"name":"command.completed","payload":{"result":1}})");
  const int entered_meanwhile = entered;
  release.count_down();

  CHECK(report.status == 200);
  CHECK(entered_meanwhile == queue::SubmitBatcher::writers_max);
  for (auto& one : flood) CHECK(one.get() == 201);
}

TEST_CASE("requests beyond threads and waiting room are refused with 503, but for those that watch the server") {
  auto& app = reset_fake_app();
  auto settings = api_settings();
  settings.threads_max = 1;
  settings.requests_waiting_max = 0;
  std::latch inside(1);
  std::latch release(1);
  app.start = [&](const wire::ExecuteRequest&) {
    inside.count_down();
    release.wait();
    return wire::ExecuteAnswer{.execution_id = {77}, .commands_generated = 1, .is_duplicate = false};
  };
  const RunningApi server(settings);

  auto slow = std::async(std::launch::async, [&] { return post(server, "/api/v2/execute", R"({"path":"a"})").status; });
  inside.wait();
  const auto refused = get(server, "/health");
  const auto live = get(server, "/livez");
  const auto ready = get(server, "/readyz");
  release.count_down();

  CHECK(refused.status == 503);
  CHECK(refused.code() == "saturated");
  CHECK(live.status == 200);
  CHECK(ready.status == 200);
  CHECK(slow.get() == 200);
}

TEST_CASE("an idle connection makes room for one that waits") {
  reset_fake_app();
  auto settings = api_settings();
  settings.threads_max = 1;
  settings.requests_waiting_max = 4;
  const RunningApi server(settings);
  auto idle = server.client();
  REQUIRE(idle.Get("/livez"));

  CHECK(get(server, "/livez").status == 200);
  CHECK(idle.Get("/livez")->status == 200);  // connects again
}

TEST_CASE("a long poll does not take the place of requests, and ends when the server closes") {
  auto& app = reset_fake_app();
  auto settings = api_settings();
  settings.in_flight_max = 1;
  settings.in_flight_patience = 0ms;
  std::latch waiting(1);
  app.claim = [&](const wire::ClaimRequest&, std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any wakes;
    std::unique_lock lock(mutex);
    waiting.count_down();
    wakes.wait(lock, stop, [] { return false; });
    return wire::ClaimAnswer{};
  };
  RunningApi server(settings);

  auto poll = std::async(std::launch::async, [&] {
    return post(server, "/api/v2/commands/claim", R"({"worker_id":"w","slots":1,"wait":30})").status;
  });
  waiting.wait();
  CHECK(post(server, "/api/v2/execute", R"({"path":"a"})").status == 200);
  server.stop();

  CHECK(poll.get() == 200);
}

TEST_CASE("stopping answers what is in flight and lets go of idle connections") {
  auto& app = reset_fake_app();
  std::latch inside(1);
  std::latch release(1);
  app.start = [&](const wire::ExecuteRequest&) {
    inside.count_down();
    release.wait();
    return wire::ExecuteAnswer{.execution_id = {3}, .commands_generated = 0, .is_duplicate = false};
  };
  auto server = std::make_unique<RunningApi>();
  const RawConnection idle(server->port());
  auto slow =
      std::async(std::launch::async, [&] { return post(*server, "/api/v2/execute", R"({"path":"a"})").status; });
  inside.wait();

  auto stopped = std::async(std::launch::async, [&] { server->stop(); });
  release.count_down();
  stopped.get();

  CHECK(slow.get() == 200);
  CHECK(idle.receive_all().empty());
}

TEST_CASE("a server that leaves is not ready, and still answers everything until it stops") {
  reset_fake_app();
  RunningApi server;
  CHECK(get(server, "/readyz").status == 200);

  server.fail_readiness();
  const auto ready = get(server, "/readyz");

  CHECK(ready.status == 503);
  CHECK(ready.code() == "unavailable");
  CHECK(get(server, "/livez").status == 200);
  CHECK(post(server, "/api/v2/execute", R"({"path":"a"})").status == 200);
}
