// A worker's own port: what it says of threads that turn and of such that do not.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/support/http_client.hpp"
#include "worker/health/health_server.hpp"
#include "worker/health/liveness.hpp"

using namespace noetl;
using namespace std::chrono_literals;

TEST_CASE("a thread that stands still is named, once it has stood for longer than a server may take") {
  loop::WorkerCounts counts;
  counts.is_registered = true;
  health::Liveness liveness;
  const health::Liveness::Time begin{};

  CHECK(liveness.complaint(counts, begin).empty());
  ++counts.fetcher_turns;
  ++counts.heartbeat_turns;
  CHECK(liveness.complaint(counts, begin + 300s).empty());  // nobody looked meanwhile: they have turned
  ++counts.heartbeat_turns;
  CHECK(liveness.complaint(counts, begin + 350s).empty());
  CHECK(liveness.complaint(counts, begin + 361s) == "the fetcher has not turned for 61 s");
  counts.is_draining = true;  // the fetcher has ended
  CHECK(liveness.complaint(counts, begin + 362s).empty());
  CHECK(liveness.complaint(counts, begin + 411s) == "the heartbeat sender has not turned for 61 s");
  ++counts.heartbeat_turns;
  CHECK(liveness.complaint(counts, begin + 412s).empty());
}

TEST_CASE("a worker that cannot register yet is alive and not ready") {
  loop::WorkerCounts counts;
  health::Liveness liveness;

  CHECK(liveness.complaint(counts, health::Liveness::Time{}).empty());
  CHECK(liveness.complaint(counts, health::Liveness::Time{} + 1h).empty());
}

TEST_CASE("the port answers of life, readiness and counts") {
  loop::WorkerCounts counts;
  const health::HealthServer server({.host = "127.0.0.1", .port = 0, .slots = 7}, counts);
  const support::HttpClient client("127.0.0.1", server.port());

  CHECK(client.get("/livez").status == 200);
  CHECK(client.get("/readyz").status == 503);
  counts.is_registered = true;
  counts.completed = 3;
  counts.running = 2;
  CHECK(client.get("/readyz").status == 200);
  const auto metrics = client.get("/metrics");
  CHECK(metrics.status == 200);
  CHECK(metrics.header("content-type").starts_with("text/plain"));
  for (const char* line :
       {"\nnoetl_worker_attempts_completed_total 3\n", "\nnoetl_worker_slots 7\n", "\nnoetl_worker_running 2\n",
        "\n# TYPE noetl_worker_attempts_completed_total counter\n", "\nnoetl_worker_ready 1\n"})
    CHECK_MESSAGE(metrics.body.find(line) != std::string::npos, line);
  counts.is_draining = true;
  CHECK(client.get("/readyz").body == "draining\n");
  CHECK(client.get("/livez").status == 200);
  CHECK(client.get("/elsewhere").status == 404);
}

TEST_CASE("a port that is taken is an error that names the setting, not silence") {
  const loop::WorkerCounts counts;
  const health::HealthServer server({.host = "127.0.0.1", .port = 0, .slots = 1}, counts);

  CHECK_THROWS_WITH_AS(health::HealthServer({.host = "127.0.0.1", .port = server.port(), .slots = 1}, counts),
                       doctest::Contains("health-port: cannot listen on 127.0.0.1:"), std::runtime_error);
}
