// A nats-server that does not permit the lookup of consumers answers nothing.
#include <doctest/doctest.h>

#include <chrono>

#include "tests/support/nats_server.hpp"
#include "tests/support/wait_until.hpp"
#include "worker/loop/fetching/notification_consumer.hpp"

using namespace noetl;
using namespace std::chrono_literals;

TEST_CASE("a lookup that is not answered is tried three times, and then seldom: meanwhile the worker polls") {
  const support::NatsServer server(
      "authorization { users: [ { user: w, password: of-the-worker, permissions: { publish: { deny: "
      "[\"$JS.API.CONSUMER.INFO.>\"] } } } ] }\n");
  loop::NotificationConsumerSettings settings;
  settings.nats.url = server.url();
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
