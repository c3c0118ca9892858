#include <doctest/doctest.h>

#include "worker/loop/lease_book.hpp"

using namespace noetl;
using namespace noetl::loop;
using namespace std::chrono_literals;

namespace {

Holding holding_of(std::int64_t id) {
  Holding holding;
  holding.lease = {.queue_id = base::CommandId{id}, .epoch = 1};
  holding.stop = std::stop_source();
  holding.claimed_at = std::chrono::steady_clock::now();
  return holding;
}

void hold(LeaseBook& book, std::int64_t first, int count) {
  std::vector<Holding> holdings;
  for (int i = 0; i < count; ++i) holdings.push_back(holding_of(first + i));
  book.begin_claim();
  book.end_claim(std::move(holdings));
}

}  // namespace

TEST_CASE("a slot is free as soon as its tool has returned, but reports may not pile up beyond the slots") {
  LeaseBook book(2);
  hold(book, 1, 2);
  CHECK(book.room() == 0);

  CHECK(book.finish(base::CommandId{1}) == StopReason::none);
  CHECK(book.room() == 1);
  CHECK(book.finish(base::CommandId{2}) == StopReason::none);
  hold(book, 3, 2);
  CHECK(book.finish(base::CommandId{3}) == StopReason::none);
  CHECK(book.room() == 0);

  CHECK(book.release(base::CommandId{1}).has_value());
  CHECK(book.room() == 1);
}

TEST_CASE("a stop reaches the tool's token, and lost beats cancelled") {
  LeaseBook book(4);
  Holding holding = holding_of(1);
  const std::stop_token token = holding.stop.get_token();
  std::vector<Holding> holdings;
  holdings.push_back(std::move(holding));
  book.begin_claim();
  book.end_claim(std::move(holdings));

  CHECK(book.stop({base::CommandId{1}, base::CommandId{77}}, StopReason::cancelled) == 1);
  CHECK(token.stop_requested());
  CHECK(book.stop({base::CommandId{1}}, StopReason::cancelled) == 0);
  CHECK(book.stop({base::CommandId{1}}, StopReason::lost) == 1);
  CHECK(book.reason_of(base::CommandId{1}) == StopReason::lost);
  CHECK(book.snapshot().held.empty());
}

TEST_CASE("a claim that is open for long is told to the server, a short one is not") {
  LeaseBook book(4);
  const auto now = std::chrono::steady_clock::now();
  CHECK_FALSE(book.snapshot(now + 1h).has_claim_in_flight);

  book.begin_claim();

  CHECK_FALSE(book.snapshot(now + 500ms).has_claim_in_flight);
  CHECK(book.snapshot(now + 2s).has_claim_in_flight);
  book.end_claim({});
  CHECK_FALSE(book.snapshot(now + 2s).has_claim_in_flight);
}

TEST_CASE("only leases claimed before a time are given up with it") {
  LeaseBook book(4);
  hold(book, 1, 1);
  const auto between = std::chrono::steady_clock::now() + 1ns;
  std::vector<Holding> later;
  later.push_back(holding_of(2));
  later.front().claimed_at = between + 1s;
  book.begin_claim();
  book.end_claim(std::move(later));

  CHECK(book.stop_all(StopReason::lost, between) == 1);

  CHECK(book.reason_of(base::CommandId{1}) == StopReason::lost);
  CHECK(book.reason_of(base::CommandId{2}) == StopReason::none);
}
