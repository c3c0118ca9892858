#include <doctest/doctest.h>

#include "worker/loop/lease_book.hpp"
#include "worker/loop/prefetch_estimator.hpp"

using namespace noetl;
using namespace noetl::loop;
using namespace std::chrono_literals;

namespace {

domain::Lease lease_of(std::int64_t id, int epoch = 1) {
  return {.queue_id = base::CommandId{id}, .epoch = epoch};
}

Holding holding_of(std::int64_t id, int epoch = 1) {
  Holding holding;
  holding.lease = lease_of(id, epoch);
  holding.stop = std::stop_source();
  holding.claimed_at = std::chrono::steady_clock::now();
  return holding;
}

void hold(LeaseBook& book, std::int64_t first, int count) {
  std::vector<Holding> holdings;
  for (int i = 0; i < count; ++i) holdings.push_back(holding_of(first + i));
  book.begin_claim();
  (void)book.enter(std::move(holdings));
}

}  // namespace

TEST_CASE("a slot is free as soon as its tool has returned, but reports may not pile up beyond the slots") {
  LeaseBook book(2);
  hold(book, 1, 2);
  CHECK(book.room() == 0);

  CHECK(book.finish(lease_of(1)) == StopReason::none);
  CHECK(book.room() == 1);
  CHECK(book.finish(lease_of(2)) == StopReason::none);
  hold(book, 3, 2);
  CHECK(book.finish(lease_of(3)) == StopReason::none);
  CHECK(book.room() == 0);

  CHECK(book.release(lease_of(1)).has_value());
  CHECK(book.room() == 1);
}

TEST_CASE("while all slots are taken, half of what may be prefetched is waited for") {
  LeaseBook book(2);
  const std::stop_source nobody;
  const auto is_waited_for = [&] { return !book.wait_for_room(nobody.get_token(), 0ms); };
  book.set_prefetch(8);
  CHECK(book.room() == 10);
  hold(book, 1, 10);
  CHECK(book.room() == 0);
  CHECK(book.snapshot().running == 2);
  const auto end = [&](std::int64_t id) {
    (void)book.finish(lease_of(id));
    (void)book.release(lease_of(id));
  };
  for (std::int64_t id = 1; id <= 3; ++id) end(id);
  CHECK(book.room() == 3);
  CHECK(is_waited_for());
  end(4);
  CHECK(!is_waited_for());

  book.set_prefetch(0);
  CHECK(book.room() == 0);
  CHECK(is_waited_for());
}

TEST_CASE("short commands are prefetched, as many as begin within a moment; long ones are not") {
  PrefetchEstimator prefetch(4, 64);
  CHECK(prefetch.count() == 0);
  prefetch.note(10ms);
  CHECK(prefetch.count() == 8);
  for (int i = 0; i < 100; ++i) prefetch.note(100us);
  CHECK(prefetch.count() == 64);
  prefetch.note(2s);
  CHECK(prefetch.count() == 0);
  for (int i = 0; i < 100; ++i) prefetch.note(100us);
  prefetch.forget();
  CHECK(prefetch.count() == 0);

  PrefetchEstimator never(4, 0);
  never.note(0us);
  CHECK(never.count() == 0);
}

TEST_CASE("a stop reaches the tool's token, and lost beats cancelled") {
  LeaseBook book(4);
  Holding holding = holding_of(1);
  const std::stop_token token = holding.stop.get_token();
  std::vector<Holding> holdings;
  holdings.push_back(std::move(holding));
  book.begin_claim();
  (void)book.enter(std::move(holdings));

  CHECK(book.stop({lease_of(1), lease_of(77)}, StopReason::cancelled) == 1);
  CHECK(token.stop_requested());
  CHECK(book.stop({lease_of(1)}, StopReason::cancelled) == 0);
  CHECK(book.stop({lease_of(1)}, StopReason::lost) == 1);
  CHECK(book.reason_of(lease_of(1)) == StopReason::lost);
  CHECK(book.snapshot().held.empty());
}

TEST_CASE(
    "a command that has come back by a newer lease is another: what is said of the older one does not touch "
    "it") {
  LeaseBook book(4);
  std::vector<Holding> first;
  first.push_back(holding_of(1));
  const std::stop_token old_token = first.front().stop.get_token();
  CHECK(book.enter(std::move(first)).empty());
  std::vector<Holding> second;
  second.push_back(holding_of(1, 2));
  const std::stop_token new_token = second.front().stop.get_token();

  CHECK(book.enter(std::move(second)).empty());

  CHECK(old_token.stop_requested());
  CHECK(book.room() == 3);
  CHECK(book.stop({lease_of(1)}, StopReason::lost) == 0);
  CHECK(book.finish(lease_of(1)) == StopReason::lost);
  CHECK_FALSE(book.release(lease_of(1)).has_value());
  CHECK(book.room() == 3);
  CHECK_FALSE(new_token.stop_requested());
  CHECK(book.finish(lease_of(1, 2)) == StopReason::none);
  CHECK(book.room() == 4);
  CHECK(book.release(lease_of(1, 2)).has_value());
}

TEST_CASE("what is given again by the lease that is held runs already") {
  LeaseBook book(4);
  hold(book, 1, 2);
  std::vector<Holding> again;
  again.push_back(holding_of(1));
  again.push_back(holding_of(3));

  CHECK(book.enter(std::move(again)) == std::vector<base::CommandId>{{1}});

  CHECK(book.room() == 1);
  CHECK(book.reason_of(lease_of(1)) == StopReason::none);
}

TEST_CASE(
    "a lease that was given up is not begun again when the server, which knows nothing of it, gives it "
    "again") {
  LeaseBook book(4);
  hold(book, 1, 1);
  CHECK(book.stop_all(StopReason::lost, std::chrono::steady_clock::time_point::max()) == 1);
  CHECK(book.finish(lease_of(1)) == StopReason::lost);
  CHECK(book.release(lease_of(1)).has_value());

  std::vector<Holding> again;
  again.push_back(holding_of(1));
  CHECK(book.enter(std::move(again)) == std::vector{base::CommandId{1}});
  CHECK(book.room() == 4);
  CHECK(book.snapshot().held.empty());

  std::vector<Holding> newer;
  newer.push_back(holding_of(1, 2));
  CHECK(book.enter(std::move(newer)).empty());
  CHECK(book.room() == 3);
}

TEST_CASE("a claim that is open for long is told to the server, a short one is not") {
  LeaseBook book(4);
  const auto now = std::chrono::steady_clock::now();
  CHECK_FALSE(book.snapshot(now + 1h).has_claim_in_flight);

  book.begin_claim();

  CHECK_FALSE(book.snapshot(now + 500ms).has_claim_in_flight);
  CHECK(book.snapshot(now + 2s).has_claim_in_flight);
  book.end_claim();
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
  (void)book.enter(std::move(later));

  CHECK(book.stop_all(StopReason::lost, between) == 1);

  CHECK(book.reason_of(lease_of(1)) == StopReason::lost);
  CHECK(book.reason_of(lease_of(2)) == StopReason::none);
}

namespace {
std::vector<Holding> one_of(std::int64_t id) {
  std::vector<Holding> holdings;
  holdings.push_back(holding_of(id));
  return holdings;
}
}  // namespace

TEST_CASE("a claim is heard of when all that it gave is held, and is said until a heartbeat was answered") {
  LeaseBook book(4);
  CHECK(book.enter(one_of(1), {11}).empty());
  CHECK(book.enter(one_of(2)).empty());  // of a claim before: no answer of its own
  const auto said = book.snapshot();
  CHECK(said.heard == std::vector<base::ClaimId>{{11}});
  CHECK(said.held.size() == 2);
  CHECK(book.snapshot().heard.size() == 1);

  CHECK(book.enter(one_of(3), {13}).empty());
  book.forget_heard(said.heard);

  CHECK(book.snapshot().heard == std::vector<base::ClaimId>{{13}});
  // What the server has agreed to leaves it heard of.
  (void)book.finish(lease_of(3));
  CHECK(book.release(lease_of(3)));
  CHECK(book.snapshot().heard == std::vector<base::ClaimId>{{13}});
}

TEST_CASE("a claim that gave what is not held is not heard of") {
  LeaseBook book(4);
  CHECK(book.enter(one_of(1), {11}).empty());
  CHECK(book.stop({lease_of(1)}, StopReason::lost) == 1);
  CHECK(book.snapshot().heard.empty());  // 1 is not said to be held any more
  (void)book.finish(lease_of(1));
  (void)book.release(lease_of(1));

  // The server gives what was given up again.
  std::vector<Holding> both = one_of(1);
  both.push_back(holding_of(2));
  CHECK(book.enter(std::move(both), {12}) == std::vector{base::CommandId{1}});
  CHECK(book.snapshot().heard.empty());
}

TEST_CASE("what has ended and is given up unreported takes back all that was heard of") {
  LeaseBook book(4);
  CHECK(book.enter(one_of(1), {11}).empty());
  CHECK(book.stop({lease_of(1)}, StopReason::cancelled) == 1);
  (void)book.finish(lease_of(1));
  CHECK(book.snapshot().heard.size() == 1);  // it will be reported
  CHECK(book.stop({lease_of(1)}, StopReason::lost) == 0);
  CHECK(book.snapshot().heard.empty());
}

TEST_CASE("no more claims are said than one heartbeat may hold") {
  LeaseBook book(8000);
  for (std::int64_t i = 1; i <= 5000; ++i) CHECK(book.enter(one_of(i), {i}).empty());
  CHECK(book.snapshot().heard.size() == 4096);
}

TEST_CASE("whoever runs ahead keeps the slot of its first command for all that follow, and each can be stopped") {
  LeaseBook book(2);
  hold(book, 1, 1);
  book.keep_slot(lease_of(1));
  (void)book.finish(lease_of(1));
  (void)book.release(lease_of(1));
  CHECK(book.room() == 1);

  Holding next = holding_of(2);
  next.takes_slot = false;
  const auto stop = next.stop.get_token();
  (void)book.enter({next});
  CHECK(book.room() == 1);
  CHECK(book.stop({lease_of(2)}, StopReason::cancelled) == 1);
  CHECK(stop.stop_requested());
  CHECK(book.finish(lease_of(2)) == StopReason::cancelled);
  (void)book.release(lease_of(2));
  CHECK_FALSE(book.wait_until_idle(0ms));

  book.give_slot();
  CHECK(book.wait_until_idle(0ms));
  CHECK(book.room() == 2);
}
