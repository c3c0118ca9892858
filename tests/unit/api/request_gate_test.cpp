#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "server/api/request_gate.hpp"

using namespace noetl::api;
using namespace std::chrono_literals;

TEST_CASE("a gate lets as many in as it has room for, and refuses when patience ends") {
  RequestGate gate({.inside_max = 2, .waiting_max = 4, .patience = 10ms});
  auto first = gate.enter();
  auto second = gate.enter();

  CHECK(first.has_value());
  CHECK(second.has_value());
  CHECK(gate.inside() == 2);
  CHECK_FALSE(gate.enter().has_value());
  first.reset();
  CHECK(gate.inside() == 1);
  CHECK(gate.enter().has_value());
}

TEST_CASE("who waits at a gate enters when another leaves") {
  RequestGate gate({.inside_max = 1, .waiting_max = 1, .patience = 20s});
  auto first = gate.enter();
  std::atomic<bool> has_entered{false};
  std::jthread waiting([&] { has_entered = gate.enter().has_value(); });

  first.reset();
  waiting.join();

  CHECK(has_entered);
  CHECK(gate.inside() == 0);
}

TEST_CASE("a gate without waiting room refuses at once") {
  RequestGate gate({.inside_max = 1, .waiting_max = 0, .patience = 20s});
  const auto inside = gate.enter();

  CHECK_FALSE(gate.enter().has_value());
}
