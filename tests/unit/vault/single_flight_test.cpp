// Single flight: many who ask at the same time cost one call.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

#include "server/vault/single_flight.hpp"

using namespace noetl;

TEST_CASE("those who come while the work is under way wait for it and get its answer") {
  vault::SingleFlight<int> flights;
  std::latch begun(1);
  std::latch may_end(1);
  std::atomic<int> calls{0};
  std::vector<int> answers(9, 0);
  std::vector<std::jthread> threads;

  threads.emplace_back([&] {
    answers[0] = flights.run("k", -1, [&] {
      begun.count_down();
      may_end.wait();
      return 100 + ++calls;
    });
  });
  begun.wait();
  std::atomic<int> asking{0};
  for (std::size_t i = 1; i < answers.size(); ++i) {
    threads.emplace_back([&, i] {
      ++asking;
      answers[i] = flights.run("k", -1, [&] { return 200 + ++calls; });
    });
  }
  while (asking < 8) std::this_thread::yield();
  const int other = flights.run("other key", -1, [&] { return 7; });  // does not wait for "k"
  may_end.count_down();
  threads.clear();

  CHECK(other == 7);
  for (const int answer : answers) CHECK(answer > 100);
  CHECK(calls >= 1);
  CHECK(flights.run("k", -1, [] { return 5; }) == 5);  // landed: the next one is a flight of its own
}

TEST_CASE("nobody waits for ever for work that does not end") {
  vault::SingleFlight<int> flights(std::chrono::milliseconds(20));
  std::latch begun(1);
  std::latch may_end(1);
  int first = 0;
  std::jthread slow([&] {
    first = flights.run("k", -1, [&] {
      begun.count_down();
      may_end.wait();
      return 1;
    });
  });
  begun.wait();

  CHECK(flights.run("k", -1, [] { return 2; }) == -1);

  may_end.count_down();
  slow.join();
  CHECK(first == 1);
}

TEST_CASE("work that throws frees the key, and only its own caller sees the exception") {
  vault::SingleFlight<int> flights;

  CHECK_THROWS_AS(flights.run("k", -1, []() -> int { throw std::runtime_error("x"); }), std::runtime_error);

  CHECK(flights.run("k", -1, [] { return 3; }) == 3);
}
