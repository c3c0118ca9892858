#include "server/upkeep/ring_due.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "server/app/decision_writes.hpp"
#include "server/app/take_back.hpp"
#include "server/notify/notifier.hpp"
#include "server/store/duty_connection.hpp"

namespace noetl::upkeep {

namespace {
constexpr std::size_t due_max = 2000;  // rung per tick, of all pools together
constexpr int priority_max = 64;  // rung of one sign and pool per tick: each wakes a worker, which goes on with the others
constexpr int enqueued_pages_max = 10;  // of due_max each, some 5 ms of Postgres
constexpr int rows_max = 20'000;  // looked at per tick and scan: some 7 ms of Postgres
constexpr int waiting_max = 5'000;  // of those that wait, as many more
constexpr std::uint64_t sweep_ticks = 2;  // the newest window finds what was lost lately at every tick
constexpr std::uint64_t sweep_ticks_idle = 20;
// A ring that was lost behind a line that never ends is made up for after this.
constexpr std::chrono::milliseconds line_patience{60'000};
// The times of JetStream and of ids are of different clocks, and a ring follows its commit.
constexpr std::chrono::milliseconds clocks_apart_max{200};
constexpr base::CommandId no_end{std::numeric_limits<std::int64_t>::max()};
}  // namespace

int RingDue::tick(store::DutyConnection& connection, const store::UpkeepLook& look) {
  const base::CommandId newest{base::IdGenerator::first_id_at(look.now_ms - ring_after_.count())};
  const base::CommandId window_begin = std::exchange(newest_seen_, newest);
  const std::uint64_t tick = ++ticks_;
  // Counters that are not folded yet may be of commands that wait. The sweep goes on without, now and then: rows
  // that somebody changed by hand are not in the counters.
  const bool may_wait = look.has_waiting || look.has_change;
  const bool sweeps = tick % (may_wait ? sweep_ticks : sweep_ticks_idle) == 0;
  if (!look.has_due && !may_wait && !sweeps) return 0;

  Waiting due;
  Waiting by_priority;
  Waiting fresh;
  connection.run_one([&](store::Session& session) {
    store::UpkeepStatements statements(session);
    if (look.has_due) due = statements.due_commands(due_from_, static_cast<int>(due_max));
    if (look.has_due) by_priority = statements.due_by_priority(priority_max);
    base::CommandId last;
    if (may_wait && window_begin.is_set() && window_begin < newest) {
      fresh = statements.unheard(window_begin, newest, rows_max, waiting_max, last);
    }
    if (!sweeps) return;
    Waiting swept = statements.unheard(sweep_at_, no_end, rows_max, waiting_max, last);
    std::move(swept.begin(), swept.end(), std::back_inserter(fresh));
    sweep_at_ = last == no_end ? base::CommandId{} : last;
  });
  // After a full page it goes on where that ended: the first ones must not hide the others. After a short one anew.
  due_from_ = due.size() >= due_max ? store::cursors_after(due) : store::DueCursors{};
  const int taken_back = take_back(fresh);
  drop_those_in_line(fresh, look.now_ms);
  std::erase_if(by_priority, [](const store::WaitingCommand& command) { return command.is_new; });
  drop_those_of_busy_pools(by_priority);
  return taken_back + ring(connection, by_priority).commands + ring(connection, due).commands + ring(connection, fresh).commands;
}

RingDue::Rung RingDue::ring_enqueued(store::DutyConnection& connection) {
  Rung rung = ring_enqueued_by_priority(connection);
  for (int page = 0; page < enqueued_pages_max; ++page) {
    Waiting due;
    connection.run_one([&](store::Session& session) {
      due = store::UpkeepStatements(session).due_commands(enqueued_from_, static_cast<int>(due_max));
    });
    const auto of_page = ring(connection, due);
    rung.commands += of_page.commands;
    rung.first_time += of_page.first_time;
    if (due.size() < due_max) {
      enqueued_from_.clear();
      return rung;
    }
    for (auto& [pool, cursor] : store::cursors_after(due)) enqueued_from_[pool] = cursor;
  }
  // Where all were rung already nobody waits for more of them: the next call goes on from here, and the ticks do.
  rung.has_more = rung.first_time > 0;
  return rung;
}

RingDue::Rung RingDue::ring_enqueued_by_priority(store::DutyConnection& connection) {
  Waiting due;
  connection.run_one([&](store::Session& session) {
    due = store::UpkeepStatements(session).due_by_priority(priority_max);
  });
  drop_those_of_busy_pools(due);
  return ring(connection, due);
}

// While a notification of the pool waits for a worker, its claim finds what has a priority; it finds what is below 0 once it finds no other.
void RingDue::drop_those_of_busy_pools(Waiting& waiting) const {
  std::map<std::string, bool, std::less<>> busy;
  std::erase_if(waiting, [&](const store::WaitingCommand& command) {
    const auto [pool, is_new] = busy.try_emplace(command.pool);
    if (is_new) {
      pool->second = std::ranges::any_of(parts_.notifier.lanes(command.pool),
                                         [](const notify::Lane& lane) { return lane.untaken > 0; });
    }
    return pool->second;
  });
}

int RingDue::take_back(Waiting& fresh) {
  std::set<base::ExecutionId> executions;
  std::erase_if(fresh, [&](const store::WaitingCommand& command) {
    if (command.is_put_off) executions.insert(command.execution_id);
    return command.is_put_off;
  });
  if (executions.empty()) return 0;
  return app::take_back_put_off(parts_, {executions.begin(), executions.end()});
}

// Without this a long queue would be rung all over again while it is worked off: a message, a claim and a refusal each.
void RingDue::drop_those_in_line(Waiting& fresh, std::int64_t now_ms) const {
  const auto first_id_at = [](std::int64_t unix_ms) {
    return base::CommandId{base::IdGenerator::first_id_at(unix_ms)};
  };
  const base::CommandId old = first_id_at(now_ms - line_patience.count());
  std::map<std::string, notify::PoolLanes, std::less<>> known;
  std::erase_if(fresh, [&](const store::WaitingCommand& command) {
    if (command.queue_id < old) return false;
    const auto [pool, is_new] = known.try_emplace(command.pool);
    if (is_new) pool->second = parts_.notifier.lanes(command.pool);
    if (std::ranges::none_of(pool->second, [](const notify::Lane& lane) { return lane.untaken > 0; }))
      return false;
    // A lane is first in, first out: where what rang later was taken already, this one was never heard.
    const std::size_t last = parts_.notifier.lane_of({.queue_id = command.queue_id,
                                                      .execution_id = command.execution_id,
                                                      .step = command.step,
                                                      .pool = command.pool,
                                                      .priority = command.priority,
                                                      .epoch = command.epoch,
                                                      .round = 0});
    return std::any_of(pool->second.begin(), pool->second.begin() + static_cast<std::ptrdiff_t>(last) + 1,
                       [&](const notify::Lane& lane) {
                         return lane.untaken > 0 && command.queue_id > first_id_at(lane.taken_until_ms -
                                                                                   clocks_apart_max.count());
                       });
  });
}

// Rung once already, in a pool without a worker, where notifications wait that nobody has taken: one more wakes nobody, and who scales
// by their number (KEDA) would see more and more work. A worker that comes looks into its pool, and is rung for.
void RingDue::drop_unserved(store::DutyConnection& connection, std::vector<notify::Ring>& rings) const {
  const auto is_repeated = [](const notify::Ring& one) { return one.round > 1; };
  if (std::ranges::none_of(rings, is_repeated)) return;
  std::set<std::string> served;
  connection.run_one([&](store::Session& session) { served = store::UpkeepStatements(session).pools_with_workers(); });
  std::map<std::string, bool, std::less<>> has_untaken;
  std::erase_if(rings, [&](const notify::Ring& one) {
    if (!is_repeated(one) || served.contains(one.pool)) return false;
    const auto [pool, is_new] = has_untaken.try_emplace(one.pool);
    if (is_new)
      pool->second = std::ranges::any_of(parts_.notifier.lanes(one.pool), [](const notify::Lane& lane) { return lane.untaken > 0; });
    return pool->second;
  });
}

RingDue::Rung RingDue::ring(store::DutyConnection& connection, const Waiting& waiting) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<notify::Ring> rings;
  Rung rung;
  for (const auto& command : waiting) {
    const auto round = memory_.take_round(command.queue_id, now);
    if (!round) continue;
    if (*round == 1) ++rung.first_time;
    rings.push_back({.queue_id = command.queue_id,
                     .execution_id = command.execution_id,
                     .step = command.step,
                     .pool = command.pool,
                     .priority = command.priority,
                     .epoch = command.epoch,
                     .round = *round});
    if (rings.size() >= due_max) break;
  }
  drop_unserved(connection, rings);
  app::ring(parts_, rings);
  rung.commands = static_cast<int>(rings.size());
  return rung;
}

}  // namespace noetl::upkeep
