#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "shared/http/handler_pool.hpp"

using namespace noetl::http;
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

TEST_CASE("the last threads are for what keeps work alive") {
  HandlerPool pool(8, 8);
  std::latch release(1);
  std::atomic<int> running{0};
  const auto work = [&] {
    ++running;
    release.wait();
  };
  for (int i = 0; i < 7; ++i) REQUIRE(pool.submit(work));
  while (running < 7) std::this_thread::yield();

  REQUIRE(pool.submit(work));  // waits: the eighth thread is not for it
  CHECK(pool.has_waiting());
  CHECK(running == 7);
  std::latch reported(1);
  REQUIRE(pool.submit([&] { reported.count_down(); }, Lane::reports));
  reported.wait();
  CHECK(running == 7);

  release.count_down();
  pool.stop();
  CHECK(running == 8);
}
