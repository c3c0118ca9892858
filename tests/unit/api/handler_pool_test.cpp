#include <doctest/doctest.h>

#include <atomic>
#include <latch>

#include "server/api/handler_pool.hpp"

using namespace noetl::api;
using namespace std::chrono_literals;

TEST_CASE("a pool starts threads when needed and not beyond its bound") {
  HandlerPool pool(2, 1);
  std::latch running(2);
  std::latch release(1);
  std::atomic<int> done{0};
  const auto work = [&] {
    running.count_down();
    release.wait();
    ++done;
  };

  CHECK(pool.thread_count() == 0);
  CHECK(pool.submit(work));
  CHECK(pool.submit(work));
  running.wait();
  CHECK(pool.thread_count() == 2);
  CHECK_FALSE(pool.has_waiting());
  CHECK(pool.submit([&] { ++done; }));
  CHECK(pool.has_waiting());
  CHECK_FALSE(pool.submit([] {}));  // two at work, one waiting: full

  release.count_down();
  pool.stop();
  CHECK(done == 3);
}

TEST_CASE("an idle thread takes work before another one is started") {
  HandlerPool pool(8, 8);
  for (int i = 0; i < 20; ++i) {
    std::latch done(1);
    REQUIRE(pool.submit([&] { done.count_down(); }));
    done.wait();
  }

  CHECK(pool.thread_count() <= 8);
  CHECK_FALSE(pool.has_waiting());
}

TEST_CASE("a stopped pool takes no work, and has run what waited") {
  HandlerPool pool(1, 100);
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) REQUIRE(pool.submit([&] { ++done; }));

  pool.stop();

  CHECK(done == 50);
  CHECK_FALSE(pool.submit([] {}));
}

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
