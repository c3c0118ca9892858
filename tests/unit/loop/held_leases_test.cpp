#include <doctest/doctest.h>

#include "worker/loop/leases/held_leases.hpp"
#include "worker/loop/runs/prefetch_estimator.hpp"

using namespace noetl;
using namespace noetl::loop;
using namespace std::chrono_literals;

namespace {

domain::Lease lease_of(std::int64_t id, int epoch = 1) { return {.queue_id = base::CommandId{id}, .epoch = epoch}; }

HeldLease held_lease(std::int64_t id, int epoch = 1) {
  HeldLease held;
  held.lease = lease_of(id, epoch);
  held.stop = std::stop_source();
  held.claimed_at = std::chrono::steady_clock::now();
  return held;
}

void hold(HeldLeases& leases, std::int64_t first, int count) {
  std::vector<HeldLease> held_leases;
  for (int i = 0; i < count; ++i) held_leases.push_back(held_lease(first + i));
  leases.begin_claim();
  (void)leases.add(std::move(held_leases));
}

}  // namespace

TEST_CASE("a slot is free as soon as its tool has returned, but reports may not pile up beyond the slots") {
  HeldLeases leases(2);
  hold(leases, 1, 2);
  CHECK(leases.room() == 0);

  CHECK(leases.finish(lease_of(1)) == StopReason::none);
  CHECK(leases.room() == 1);
  CHECK(leases.finish(lease_of(2)) == StopReason::none);
  hold(leases, 3, 2);
  CHECK(leases.finish(lease_of(3)) == StopReason::none);
  CHECK(leases.room() == 0);

  CHECK(leases.release(lease_of(1)).has_value());
  CHECK(leases.room() == 1);
}

TEST_CASE("while all slots are taken, half of what may be prefetched is waited for") {
  HeldLeases leases(2);
  const std::stop_source nobody;
  const auto is_waited_for = [&] { return !leases.wait_for_room(nobody.get_token(), 0ms); };
  leases.set_prefetch(8);
  CHECK(leases.room() == 10);
  hold(leases, 1, 10);
  CHECK(leases.room() == 0);
  CHECK(leases.snapshot().running == 2);
  const auto end = [&](std::int64_t id) {
    (void)leases.finish(lease_of(id));
    (void)leases.release(lease_of(id));
  };
  for (std::int64_t id = 1; id <= 3; ++id) end(id);
  CHECK(leases.room() == 3);
  CHECK(is_waited_for());
  end(4);
  CHECK(!is_waited_for());

  leases.set_prefetch(0);
  CHECK(leases.room() == 0);
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
  HeldLeases leases(4);
  HeldLease held = held_lease(1);
  const std::stop_token token = held.stop.get_token();
  std::vector<HeldLease> held_leases;
  held_leases.push_back(std::move(held));
  leases.begin_claim();
  (void)leases.add(std::move(held_leases));

  CHECK(leases.stop({lease_of(1), lease_of(77)}, StopReason::cancelled) == 1);
  CHECK(token.stop_requested());
  CHECK(leases.stop({lease_of(1)}, StopReason::cancelled) == 0);
  CHECK(leases.stop({lease_of(1)}, StopReason::lost) == 1);
  CHECK(leases.reason_of(lease_of(1)) == StopReason::lost);
  CHECK(leases.snapshot().held.empty());
}

TEST_CASE(
    "a command that has come back by a newer lease is another: what is said of the older one does not touch "
    "it") {
  HeldLeases leases(4);
  std::vector<HeldLease> first;
  first.push_back(held_lease(1));
  const std::stop_token old_token = first.front().stop.get_token();
  CHECK(leases.add(std::move(first)).empty());
  std::vector<HeldLease> second;
  second.push_back(held_lease(1, 2));
  const std::stop_token new_token = second.front().stop.get_token();

  CHECK(leases.add(std::move(second)).empty());

  CHECK(old_token.stop_requested());
  CHECK(leases.room() == 3);
  CHECK(leases.stop({lease_of(1)}, StopReason::lost) == 0);
  CHECK(leases.finish(lease_of(1)) == StopReason::lost);
  CHECK_FALSE(leases.release(lease_of(1)).has_value());
  CHECK(leases.room() == 3);
  CHECK_FALSE(new_token.stop_requested());
  CHECK(leases.finish(lease_of(1, 2)) == StopReason::none);
  CHECK(leases.room() == 4);
  CHECK(leases.release(lease_of(1, 2)).has_value());
}

TEST_CASE("what is given again by the lease that is held runs already") {
  HeldLeases leases(4);
  hold(leases, 1, 2);
  std::vector<HeldLease> again;
  again.push_back(held_lease(1));
  again.push_back(held_lease(3));

  CHECK(leases.add(std::move(again)) == std::vector<base::CommandId>{{1}});

  CHECK(leases.room() == 1);
  CHECK(leases.reason_of(lease_of(1)) == StopReason::none);
}

TEST_CASE(
    "a lease that was abandoned is not begun again when the server, which knows nothing of it, gives it "
    "again") {
  HeldLeases leases(4);
  hold(leases, 1, 1);
  CHECK(leases.stop_all(StopReason::lost, std::chrono::steady_clock::time_point::max()) == 1);
  CHECK(leases.finish(lease_of(1)) == StopReason::lost);
  CHECK(leases.release(lease_of(1)).has_value());

  std::vector<HeldLease> again;
  again.push_back(held_lease(1));
  CHECK(leases.add(std::move(again)) == std::vector{base::CommandId{1}});
  CHECK(leases.room() == 4);
  CHECK(leases.snapshot().held.empty());

  std::vector<HeldLease> newer;
  newer.push_back(held_lease(1, 2));
  CHECK(leases.add(std::move(newer)).empty());
  CHECK(leases.room() == 3);
}

TEST_CASE("a claim that is open for long is told to the server, a short one is not") {
  HeldLeases leases(4);
  const auto now = std::chrono::steady_clock::now();
  CHECK_FALSE(leases.snapshot(now + 1h).has_claim_in_flight);

  leases.begin_claim();

  CHECK_FALSE(leases.snapshot(now + 500ms).has_claim_in_flight);
  CHECK(leases.snapshot(now + 2s).has_claim_in_flight);
  leases.end_claim();
  CHECK_FALSE(leases.snapshot(now + 2s).has_claim_in_flight);
}

TEST_CASE("only leases claimed before a time are abandoned with it") {
  HeldLeases leases(4);
  hold(leases, 1, 1);
  const auto between = std::chrono::steady_clock::now() + 1ns;
  std::vector<HeldLease> later;
  later.push_back(held_lease(2));
  later.front().claimed_at = between + 1s;
  leases.begin_claim();
  (void)leases.add(std::move(later));

  CHECK(leases.stop_all(StopReason::lost, between) == 1);

  CHECK(leases.reason_of(lease_of(1)) == StopReason::lost);
  CHECK(leases.reason_of(lease_of(2)) == StopReason::none);
}

namespace {
std::vector<HeldLease> one_of(std::int64_t id) {
  std::vector<HeldLease> held_leases;
  held_leases.push_back(held_lease(id));
  return held_leases;
}
}  // namespace

TEST_CASE("a claim is confirmed when all that it gave is held, and until a heartbeat that says so was answered") {
  HeldLeases leases(4);
  CHECK(leases.add(one_of(1), {11}).empty());
  CHECK(leases.add(one_of(2)).empty());  // of a claim before: no answer of its own
  const auto said = leases.snapshot();
  CHECK(said.confirmed_claims == std::vector<base::ClaimId>{{11}});
  CHECK(said.held.size() == 2);
  CHECK(leases.snapshot().confirmed_claims.size() == 1);

  CHECK(leases.add(one_of(3), {13}).empty());
  leases.forget_confirmed(said.confirmed_claims);

  CHECK(leases.snapshot().confirmed_claims == std::vector<base::ClaimId>{{13}});
  // What the server has agreed to leaves it confirmed.
  (void)leases.finish(lease_of(3));
  CHECK(leases.release(lease_of(3)));
  CHECK(leases.snapshot().confirmed_claims == std::vector<base::ClaimId>{{13}});
}

TEST_CASE("a claim that gave what is not held is not confirmed") {
  HeldLeases leases(4);
  CHECK(leases.add(one_of(1), {11}).empty());
  CHECK(leases.stop({lease_of(1)}, StopReason::lost) == 1);
  CHECK(leases.snapshot().confirmed_claims.empty());  // 1 is not said to be held any more
  (void)leases.finish(lease_of(1));
  (void)leases.release(lease_of(1));

  // The server gives what was abandoned again.
  std::vector<HeldLease> both = one_of(1);
  both.push_back(held_lease(2));
  CHECK(leases.add(std::move(both), {12}) == std::vector{base::CommandId{1}});
  CHECK(leases.snapshot().confirmed_claims.empty());
}

TEST_CASE("what has ended and is abandoned unreported takes back all confirmations") {
  HeldLeases leases(4);
  CHECK(leases.add(one_of(1), {11}).empty());
  CHECK(leases.stop({lease_of(1)}, StopReason::cancelled) == 1);
  (void)leases.finish(lease_of(1));
  CHECK(leases.snapshot().confirmed_claims.size() == 1);  // it will be reported
  CHECK(leases.stop({lease_of(1)}, StopReason::lost) == 0);
  CHECK(leases.snapshot().confirmed_claims.empty());
}

TEST_CASE("no more claims are said than one heartbeat may hold") {
  HeldLeases leases(8000);
  for (std::int64_t i = 1; i <= 5000; ++i) CHECK(leases.add(one_of(i), {i}).empty());
  CHECK(leases.snapshot().confirmed_claims.size() == 4096);
}

TEST_CASE("whoever runs ahead keeps the slot of its first command for all that follow, and each can be stopped") {
  HeldLeases leases(2);
  hold(leases, 1, 1);
  leases.keep_slot(lease_of(1));
  (void)leases.finish(lease_of(1));
  (void)leases.release(lease_of(1));
  CHECK(leases.room() == 1);

  HeldLease next = held_lease(2);
  next.takes_slot = false;
  const auto stop = next.stop.get_token();
  (void)leases.add({next});
  CHECK(leases.room() == 1);
  CHECK(leases.stop({lease_of(2)}, StopReason::cancelled) == 1);
  CHECK(stop.stop_requested());
  CHECK(leases.finish(lease_of(2)) == StopReason::cancelled);
  (void)leases.release(lease_of(2));
  CHECK_FALSE(leases.wait_until_idle(0ms));

  leases.give_slot();
  CHECK(leases.wait_until_idle(0ms));
  CHECK(leases.room() == 2);
}
