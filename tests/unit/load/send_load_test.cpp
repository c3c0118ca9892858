// Load against a server that the test writes.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "cli/load/send_load.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <set>

#include "tests/support/local_http.hpp"

namespace noetl::load {
namespace {

Load load_on(const support::LocalHttp& http) {
  return {.target = {.origin = http.url("")},
          .path = "/items",
          .body = [](std::size_t items) { return std::to_string(items); },
          .items = 10,
          .items_per_request = 4,
          .connections = 3};
}

}  // namespace

TEST_CASE("every item is sent once, fewer in the last request, and the answers are kept") {
  std::mutex mutex;
  std::multiset<std::string> bodies;
  support::LocalHttp http;
  http.server.Post("/items", [&](const httplib::Request& request, httplib::Response& response) {
    const std::lock_guard lock(mutex);
    bodies.insert(request.body);
    response.set_content("got " + request.body, "text/plain");
  });
  http.listen();

  const auto sent = send_load(load_on(http));

  CHECK_FALSE(sent.problem);
  CHECK(sent.items == 10);
  CHECK(bodies == std::multiset<std::string>{"2", "4", "4"});
  CHECK(std::multiset<std::string>(sent.answers.begin(), sent.answers.end()) ==
        std::multiset<std::string>{"got 2", "got 4", "got 4"});
  CHECK(sent.request_ms.size() == 3);
}

TEST_CASE("a refused request ends the load, and what was accepted before is told") {
  std::atomic<int> requests{0};
  support::LocalHttp http;
  http.server.Post("/items", [&](const httplib::Request&, httplib::Response& response) {
    if (++requests == 2) {
      response.status = 422;
      response.set_content(R"({"code":"invalid_input","detail":"no such pool"})", "application/problem+json");
    }
  });
  http.listen();
  auto load = load_on(http);
  load.connections = 1;

  const auto sent = send_load(load);

  REQUIRE(sent.problem);
  CHECK(sent.problem->code == base::ErrorCode::invalid_input);
  CHECK(sent.problem->message.find("POST /items: no such pool") != std::string::npos);
  CHECK(sent.items == 4);
  CHECK(requests == 2);
}

TEST_CASE("what is told to come again is repeated as often as allowed, and counted") {
  std::atomic<int> requests{0};
  support::LocalHttp http;
  http.server.Post("/items", [&](const httplib::Request&, httplib::Response& response) {
    if (++requests == 1) {
      response.status = 503;
      response.set_header("Retry-After", "1");
    }
  });
  http.listen();
  auto load = load_on(http);
  load.items = 1;

  load.target.retries = 1;
  const auto patient = send_load(load);
  requests = 0;
  load.target.retries = 0;
  const auto impatient = send_load(load);

  CHECK_FALSE(patient.problem);
  CHECK(patient.items == 1);
  CHECK(patient.refusals == 1);
  REQUIRE(impatient.problem);
  CHECK(impatient.items == 0);
}

TEST_CASE("who is asked to stop sends nothing more") {
  std::stop_source stop;
  support::LocalHttp http;
  http.server.Post("/items", [&](const httplib::Request&, httplib::Response&) { stop.request_stop(); });
  http.listen();
  auto load = load_on(http);
  load.connections = 1;
  load.stop = stop.get_token();

  const auto sent = send_load(load);

  CHECK(sent.items == 4);
  REQUIRE(sent.problem);
  CHECK(sent.problem->code == base::ErrorCode::cancelled);
}

TEST_CASE("a percentile is a value that was measured") {
  CHECK(percentile({}, 0.5) == 0);
  CHECK(percentile({3, 1, 2}, 0.5) == 2);
  CHECK(percentile({3, 1, 2}, 1) == 3);
}

}  // namespace noetl::load
