// Threads of tools: what waits for a slot goes back, what waits for a thread to begin does not.
#include "worker/loop/runs/tool_threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>

using namespace noetl;

namespace {
const auto later = [] { return std::chrono::steady_clock::now() + std::chrono::hours(1); };
}

TEST_CASE("what has a thread to come is not handed back, however long that takes to begin") {
  std::latch release(1);
  std::atomic<int> runs{0};
  std::atomic<int> returned{0};
  {
    loop::ToolThreads threads(64);
    for (int i = 0; i < 64; ++i) {
      threads.submit({.run =
                          [&] {
                            release.wait();
                            ++runs;
                          },
                      .hand_back = [&] { ++returned; },
                      .since = std::chrono::steady_clock::now()});
      CHECK(threads.hand_back(later()) == 0);
    }
    release.count_down();
  }
  CHECK(runs == 64);
  CHECK(returned == 0);
}

TEST_CASE("what waits while all threads are busy is handed back when its time has come, and only then") {
  std::latch begun(2);
  std::latch release(1);
  std::atomic<int> returned{0};
  const auto hold = [&] {
    begun.count_down();
    release.wait();
  };
  const auto count = [&] { ++returned; };
  {
    loop::ToolThreads threads(2);
    for (int i = 0; i < 2; ++i)
      threads.submit({.run = hold, .hand_back = count, .since = std::chrono::steady_clock::now()});
    begun.wait();
    for (int i = 0; i < 3; ++i)
      threads.submit({.run = [] {}, .hand_back = count, .since = std::chrono::steady_clock::now()});

    CHECK(threads.is_anything_waiting());
    CHECK(threads.hand_back(std::chrono::steady_clock::now() - std::chrono::hours(1)) == 0);
    CHECK(threads.hand_back(later()) == 3);
    CHECK(returned == 3);
    threads.submit({.run = [] {}, .hand_back = count, .since = std::chrono::steady_clock::now()});
    threads.hand_back_all();
    CHECK(returned == 4);
    release.count_down();
  }
  CHECK(returned == 4);
}

TEST_CASE("what waits for a thread begins by priority, and then as it was submitted") {
  std::latch begun(1);
  std::latch release(1);
  std::string order;
  {
    loop::ToolThreads threads(1);
    const auto submit = [&](int priority, std::function<void()> run) {
      threads.submit(
          {.run = std::move(run), .hand_back = [] {}, .since = std::chrono::steady_clock::now(), .priority = priority});
    };
    submit(0, [&] {
      begun.count_down();
      release.wait();
    });
    begun.wait();
    for (const auto& [priority, name] :
         {std::pair(0, 'c'), std::pair(-1, 'e'), std::pair(7, 'a'), std::pair(0, 'd'), std::pair(7, 'b')})
      submit(priority, [&order, name] { order += name; });
    release.count_down();
  }
  CHECK(order == "abcde");
}
