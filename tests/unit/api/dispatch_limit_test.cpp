// Polls that wait for direct dispatch have room of their own.
#include <doctest/doctest.h>

#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>

#include "tests/unit/api/running_api.hpp"

using namespace noetl;
using namespace noetl::api_test;

TEST_CASE(
    "polls for direct dispatch wait in half of the room of long polls; for more there is none, which is no error") {
  auto& app = reset_fake_app();
  auto settings = api_settings();
  settings.long_polls_max = 2;
  std::latch waiting(2);
  app.claim = [&](const wire::ClaimRequest&, std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any wakes;
    std::unique_lock lock(mutex);
    waiting.count_down();
    wakes.wait(lock, stop, [] { return false; });
    return wire::ClaimAnswer{};
  };
  RunningApi server(settings);
  const char* direct_dispatch = R"({"worker_id":"w","slots":1,"wait":30,"direct_dispatch":true})";
  auto first = std::async(std::launch::async, [&] { return post(server, "/api/v2/commands/claim", direct_dispatch); });
  auto poll = std::async(std::launch::async, [&] {
    return post(server, "/api/v2/commands/claim", R"({"worker_id":"w","slots":1,"wait":30})");
  });
  waiting.wait();

  const auto second = post(server, "/api/v2/commands/claim", direct_dispatch);

  CHECK(second.status == 200);
  CHECK(second.body["commands"].empty());
  CHECK(second.body["waited_ms"] == 0);
  CHECK(server.metrics().find("noetl_http_refused_total{what=\"request\"} 0") != std::string::npos);
  server.stop();
  CHECK(first.get().status == 200);
  CHECK(poll.get().status == 200);
}
