// A worker's own port, beside the real process.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <csignal>
#include <fstream>

#include "tests/support/free_port.hpp"
#include "tests/support/stack.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

TEST_CASE("a worker with a health port says that it lives, whether it is ready, and what it has done") {
  Stack stack(StackSettings{.workers = 0, .env = {}});
  const int port = free_port();
  const HttpClient health("127.0.0.1", port);
  stack.start_worker({{"NOETL_HEALTH_PORT", std::to_string(port)}, {"NOETL_HOST", "127.0.0.1"}});
  wait_until("it to be ready", 20s, [&] { return health.get("/readyz").status == 200; });

  stack.enqueue(std::vector<Json>(3, {{"tool", {{"kind", "noop"}}}}));
  wait_until("three commands done", 20s, [&] {
    return health.get("/metrics").body.find("\nnoetl_worker_attempts_completed_total 3\n") != std::string::npos;
  });
  CHECK(health.get("/livez").status == 200);

  const auto file = stack.folder().path() / "go_on";
  const std::string waiting = "until [ -e '" + file.string() + "' ]; do sleep 0.05; done";
  stack.enqueue({{{"tool", {{"kind", "shell"}, {"command", waiting}}}}});
  wait_until("it to run", 20s,
             [&] { return health.get("/metrics").body.find("\nnoetl_worker_running 1\n") != std::string::npos; });
  stack.worker(0).send(SIGTERM);
  wait_until("it to drain", 20s, [&] { return health.get("/readyz").status == 503; });
  CHECK(health.get("/livez").status == 200);
  std::ofstream(file) << "now";
  wait_until("its end", 20s,
             [&] { return stack.sql_number("select count(*) from noetl.queue where status = 'done'") == 4; });
}
