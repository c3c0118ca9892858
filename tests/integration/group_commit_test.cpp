#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

#include "server/dispatch/group_commit.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using namespace std::chrono_literals;

namespace {

using Ints = dispatch::GroupCommit<int, int>;

// Answers each with ten times itself, and writes one batch at a time, each only when it may.
struct Fixture {
  std::mutex mutex;
  std::vector<std::vector<int>> batches;
  std::atomic<int> allowed{0}, begun{0};
  Ints commits;

  explicit Fixture(int writers_max, std::size_t batch_max = 100)
      : commits({.batch_max = batch_max, .writers_max = writers_max}, [this](const std::vector<int>& requests) {
          const int turn = begun++;
          support::wait_until("the batch may go on", 10s, [&] { return allowed > turn; });
          const std::lock_guard lock(mutex);
          batches.push_back(requests);
          std::vector<base::Result<int>> answers;
          for (const int one : requests) answers.emplace_back(one * 10);
          return answers;
        }) {}
};

}  // namespace

TEST_CASE("whoever comes alone goes at once and alone") {
  Fixture fixture(1);
  fixture.allowed = 2;
  CHECK(fixture.commits.submit(1).value() == 10);
  CHECK(fixture.commits.submit(2).value() == 20);
  CHECK(fixture.batches == std::vector<std::vector<int>>{{1}, {2}});
}

TEST_CASE(
    "who comes while another is written goes with all that have come meanwhile, as many as a batch may "
    "have") {
  Fixture fixture(1, 3);
  std::atomic<int> sent{0}, sum{0};
  std::vector<std::jthread> threads;
  const auto send = [&](int value) {
    threads.emplace_back([&, value] {
      ++sent;
      sum += fixture.commits.submit(value).value();
    });
  };
  send(1);
  support::wait_until("the first is being written", 10s, [&] { return fixture.begun == 1; });
  for (int i = 2; i <= 6; ++i) send(i);
  support::wait_until("the others have come", 10s, [&] { return sent == 6 && fixture.commits.waiting() == 5; });

  fixture.allowed = 3;
  threads.clear();

  CHECK(sum == 210);
  REQUIRE(fixture.batches.size() == 3);
  CHECK(fixture.batches[0].size() == 1);
  CHECK(fixture.batches[1].size() == 3);
  CHECK(fixture.batches[2].size() == 2);
}

TEST_CASE("two may be written at the same time, and no more") {
  Fixture fixture(2);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] { (void)fixture.commits.submit(i); });
    support::wait_until("it is being written", 10s, [&] { return fixture.begun == i + 1; });
  }
  threads.emplace_back([&] { (void)fixture.commits.submit(7); });
  support::wait_until("the third waits", 10s, [&] { return fixture.commits.waiting() == 1; });
  CHECK(fixture.begun == 2);
  fixture.allowed = 3;
  threads.clear();
  CHECK(fixture.batches.size() == 3);
}

TEST_CASE("whoever is not begun with in time is told to try again, and nothing of it is done") {
  std::atomic<bool> may_go{false};
  std::atomic<int> sum{0};
  Ints commits({.batch_max = 100, .writers_max = 1, .patience = 50ms}, [&](const std::vector<int>& requests) {
    support::wait_until("the batch may go on", 10s, [&] { return may_go.load(); });
    std::vector<base::Result<int>> answers;
    for (const int one : requests) {
      sum += one;
      answers.emplace_back(one);
    }
    return answers;
  });
  std::jthread first([&] { CHECK(commits.submit(1).value() == 1); });  // being written: it waits for that, however long
  support::wait_until("it is taken", 10s, [&] { return commits.writers() == 1; });

  const auto late = commits.submit(10);

  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == base::ErrorCode::saturated);
  CHECK(late.error().retry_after == 1s);
  may_go = true;
  first.join();
  CHECK(sum == 1);
  CHECK(commits.submit(100).value() == 100);
}

TEST_CASE("what is wrong with one is its own error; when Postgres is away all are told") {
  std::atomic<int> runs{0};
  std::latch first_is_in(1), may_go(1);
  Ints commits({.batch_max = 100, .writers_max = 1}, [&](const std::vector<int>& requests) {
    if (++runs == 1) {
      first_is_in.count_down();
      may_go.wait();
    }
    std::vector<base::Result<int>> answers;
    for (const int one : requests) {
      if (one == 13) throw std::runtime_error("thirteen");
      if (one == 99) throw postgres::Unavailable("away");
      answers.emplace_back(one);
    }
    return answers;
  });
  std::atomic<int> answered{0}, refused{0};
  std::vector<std::jthread> threads;
  threads.emplace_back([&] { answered += commits.submit(1).value(); });
  first_is_in.wait();
  for (const int value : {2, 13, 3}) {
    threads.emplace_back([&, value] {
      try {
        answered += commits.submit(value).value();
      } catch (const std::runtime_error&) {
        ++refused;
      }
    });
  }
  support::wait_until("they wait", 10s, [&] { return commits.waiting() == 3; });
  may_go.count_down();
  threads.clear();
  CHECK(answered == 6);
  CHECK(refused == 1);
  CHECK_THROWS_AS((void)commits.submit(99), postgres::Unavailable);
}

TEST_CASE("thousands from many threads are each answered with their own") {
  std::atomic<int> batches{0};
  Ints commits({.batch_max = 64, .writers_max = 2}, [&](const std::vector<int>& requests) {
    ++batches;
    std::vector<base::Result<int>> answers;
    for (const int one : requests) answers.emplace_back(one + 1);
    return answers;
  });
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 16; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 1000; ++i) {
          if (commits.submit(t * 1000 + i).value() != t * 1000 + i + 1) ++wrong;
        }
      });
    }
  }
  CHECK(wrong == 0);
  CHECK(batches <= 16'000);
  CHECK(commits.waiting() == 0);
}
