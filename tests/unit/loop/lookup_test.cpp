// A nats-server that does not permit the lookup of consumers answers nothing.
#include <doctest/doctest.h>

#include <chrono>

#include "tests/support/free_port.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"
#include "worker/loop/fetching/notification_consumer.hpp"

using namespace noetl;
using namespace std::chrono_literals;

TEST_CASE("a lookup that is not answered is tried three times, and then seldom: meanwhile the worker polls") {
  const support::TemporaryFolder folder("noetl-lookup");
  const int port = support::free_port();
  const auto conf = (folder.path() / "nats.conf").string();
  support::write_text(conf, "listen: 127.0.0.1:" + std::to_string(port) + "\njetstream { store_dir: \"" +
                                (folder.path() / "js").string() +
                                "\" }\nauthorization { users: [ { user: w, password: of-the-worker, permissions: { "
                                "publish: { deny: [\"$JS.API.CONSUMER.INFO.>\"] } } } ] }\n");
  support::Process server(
      support::ProcessSettings{.command = {support::find_program("nats-server").string(), "-c", conf},
                               .env = {},
                               .log_file = (folder.path() / "log").string(),
                               .work_folder = {},
                               .user = {}});
  support::wait_until("nats-server listens", 10s,
                      [&] { return server.log().find("Server is ready") != std::string::npos; });
  loop::NotificationConsumerSettings settings;
  settings.nats.url = "nats://127.0.0.1:" + std::to_string(port);
  settings.nats.user = "w";
  settings.nats.password = "of-the-worker";
  settings.stream = "NOETL_COMMANDS";
  settings.consumer = "noetl-worker-pool";
  settings.lanes = 3;
  loop::NotificationConsumer consumer(settings);

  int slow = 0;
  support::wait_until("the slow tries", 30s, [&] {
    const auto began = std::chrono::steady_clock::now();
    CHECK_FALSE(consumer.is_open());
    if (std::chrono::steady_clock::now() - began > 1s) ++slow;
    return slow == loop::NotificationConsumer::slow_tries_max;
  });
  const auto began = std::chrono::steady_clock::now();
  CHECK(support::holds_for(1500ms, [&] { return !consumer.is_open(); }));
  CHECK(std::chrono::steady_clock::now() - began < 1900ms);
  CHECK(slow == loop::NotificationConsumer::slow_tries_max);
}
