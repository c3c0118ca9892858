#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "server/api/calls/concurrency_limit.hpp"

using namespace noetl::api;
using namespace std::chrono_literals;

TEST_CASE("a limit lets as many in as it has room for, and refuses when patience ends") {
  ConcurrencyLimit limit({.inside_max = 2, .waiting_max = 4, .patience = 10ms});
  auto first = limit.enter();
  auto second = limit.enter();

  CHECK(first.has_value());
  CHECK(second.has_value());
  CHECK(limit.inside() == 2);
  CHECK_FALSE(limit.enter().has_value());
  first.reset();
  CHECK(limit.inside() == 1);
  CHECK(limit.enter().has_value());
}

TEST_CASE("who waits for a place gets it when another goes") {
  ConcurrencyLimit limit({.inside_max = 1, .waiting_max = 1, .patience = 20s});
  auto first = limit.enter();
  std::atomic<bool> has_entered{false};
  std::jthread waiting([&] { has_entered = limit.enter().has_value(); });

  first.reset();
  waiting.join();

  CHECK(has_entered);
  CHECK(limit.inside() == 0);
}

TEST_CASE("a limit without waiting room refuses at once") {
  ConcurrencyLimit limit({.inside_max = 1, .waiting_max = 0, .patience = 20s});
  const auto inside = limit.enter();

  CHECK_FALSE(limit.enter().has_value());
}
