// How far back a look must go, so that it misses no event whatever the order of commits.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "server/feed/commit_window.hpp"
#include "shared/base/ids.hpp"

using namespace noetl;
using feed::CommitWindow;
using feed::Snapshot;

namespace {

constexpr std::int64_t start_ms = base::IdGenerator::epoch_ms + 1'000'000;
constexpr auto margin = CommitWindow::margin.count();

std::int64_t id_at(std::int64_t ms) { return base::IdGenerator::first_id_at(ms); }

Snapshot snapshot(std::int64_t xmin, std::int64_t xmax, std::vector<std::int64_t> running = {}) {
  return {.xmin = xmin, .xmax = xmax, .running = std::move(running)};
}

}  // namespace

TEST_CASE("a look goes back to the one before it, less the margin") {
  CommitWindow window(snapshot(100, 100), start_ms);
  const auto first = window.look(snapshot(105, 105), start_ms + 1000);
  CHECK(first.before == snapshot(100, 100));
  CHECK(first.upto == snapshot(105, 105));
  CHECK(first.low == id_at(start_ms - margin));
  CHECK(first.next_low == id_at(start_ms + 1000 - margin));
  CHECK(window.look(snapshot(106, 106), start_ms + 2000).low == id_at(start_ms + 1000 - margin));
}

TEST_CASE("a long transaction makes only that look go back far in which it has ended") {
  CommitWindow window(snapshot(100, 101, {100}), start_ms);
  for (int second = 1; second <= 100; ++second) {
    const auto look = window.look(snapshot(100, 101 + second, {100}), start_ms + second * 1000);
    CHECK(look.low == id_at(start_ms + (second - 1) * 1000 - margin));
    CHECK(look.next_low == id_at(start_ms - margin));  // whoever goes on from here must still find it
  }
  const auto last = window.look(snapshot(300, 300), start_ms + 101'000);
  CHECK(last.low == id_at(start_ms - margin));
  CHECK(last.next_low == id_at(start_ms + 101'000 - margin));
}

TEST_CASE("a look in which no transaction has ended finds nothing") {
  CommitWindow window(snapshot(100, 101, {100}), start_ms);
  CHECK(window.look(snapshot(100, 101, {100}), start_ms + 1000).low == feed::all_events);
}

TEST_CASE("a clock that goes back does not narrow a look") {
  CommitWindow window(snapshot(100, 100), start_ms);
  CHECK(window.look(snapshot(101, 101), start_ms - 50'000).next_low == id_at(start_ms - margin));
}

// Transactions that begin, make ids up to the margin before or any time later, and commit in any order or never; publishers that look, and
// are replaced by others that go on from a position.
TEST_CASE("whatever the order of commits, each event is found in one look exactly") {
  std::mt19937 random(3);  // NOLINT: the same each time
  const auto below = [&](std::int64_t most) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most));
  };
  for (int round = 0; round < 200; ++round) {
    struct Transaction {
      std::int64_t xid;
      std::vector<std::int64_t> ids;
    };
    std::int64_t now = start_ms;
    std::int64_t next_xid = 100;
    std::map<std::int64_t, Transaction> running;
    std::vector<std::pair<std::int64_t, std::int64_t>> committed;  // xid, id
    std::set<std::int64_t> ended;
    std::map<std::int64_t, int> found;
    const auto take = [&] {
      Snapshot made = snapshot(next_xid, next_xid);
      for (const auto& [xid, transaction] : running) made.running.push_back(xid);
      if (!made.running.empty()) made.xmin = made.running.front();
      return made;
    };
    const auto sees = [](const Snapshot& look, std::int64_t xid) { return xid < look.xmax && !look.has_running(xid); };
    CommitWindow window(take(), now);
    std::int64_t id_number = 0;
    for (int step = 0; step < 300; ++step) {
      now += below(4000);
      switch (below(4)) {
        case 0: {
          Transaction begun{.xid = next_xid++, .ids = {id_at(now - below(margin)) + ++id_number}};
          running.emplace(begun.xid, begun);
          break;
        }
        case 1:
          if (!running.empty()) {
            auto& one = std::next(running.begin(), below(static_cast<std::int64_t>(running.size())))->second;
            one.ids.push_back(id_at(now) + ++id_number);
          }
          break;
        case 2:
          if (!running.empty()) {
            const auto one = std::next(running.begin(), below(static_cast<std::int64_t>(running.size())));
            if (below(5) > 0) {
              for (const auto id : one->second.ids) committed.emplace_back(one->first, id);
            }
            running.erase(one);
          }
          break;
        default: {
          const auto look = window.look(take(), now);
          for (const auto& [xid, id] : committed) {
            if (id >= look.low && sees(look.upto, xid) && !sees(look.before, xid)) ++found[id];
          }
          if (below(5) == 0) window = CommitWindow(look);  // another server goes on
        }
      }
    }
    const auto last = window.look(take(), now);
    for (const auto& [xid, id] : committed) {
      if (id >= last.low && sees(last.upto, xid) && !sees(last.before, xid)) ++found[id];
    }
    CHECK(found.size() == committed.size());
    CHECK(std::ranges::all_of(found, [](const auto& one) { return one.second == 1; }));
  }
}
