#include "server/upkeep/renotifier.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "server/dispatch/notify_workers.hpp"
#include "server/executions/clear_stale_pause.hpp"
#include "server/notify/notifier.hpp"
#include "server/postgres/duty_connection.hpp"

namespace noetl::upkeep {

namespace {
constexpr std::size_t due_max = 2000;  // notified per tick, of all pools together
constexpr int priority_max =
    64;  // notified per tick, pool and sign: each wakes a worker, which goes on with the others
constexpr int enqueued_pages_max = 10;  // of due_max each, some 5 ms of Postgres
constexpr int rows_max = 20'000;  // looked at per tick and scan: some 7 ms of Postgres
constexpr int waiting_max = 5'000;  // of those that wait, as many more
constexpr std::uint64_t sweep_ticks = 2;  // the newest window finds what was lost lately at every tick
constexpr std::uint64_t sweep_ticks_idle = 20;
// A notification that was lost behind a line that never ends is made up for after this.
constexpr std::chrono::milliseconds undelivered_patience{60'000};
// The times of JetStream and of ids are of different clocks, and a notification follows its commit.
constexpr std::chrono::milliseconds clocks_apart_max{200};
constexpr base::CommandId no_end{std::numeric_limits<std::int64_t>::max()};
}  // namespace

int Renotifier::tick(postgres::DutyConnection& connection, const store::UpkeepLook& look) {
  const base::CommandId newest{base::IdGenerator::first_id_at(look.now_ms - renotify_after_.count())};
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
  connection.run_one([&](postgres::Session& session) {
    store::UpkeepStatements statements(session);
    if (look.has_due) due = statements.due_commands(due_from_, static_cast<int>(due_max));
    if (look.has_due) by_priority = statements.due_by_priority(priority_max);
    base::CommandId last;
    if (may_wait && window_begin.is_set() && window_begin < newest) {
      fresh = statements.unclaimed(window_begin, newest, rows_max, waiting_max, last);
    }
    if (!sweeps) return;
    Waiting swept = statements.unclaimed(sweep_at_, no_end, rows_max, waiting_max, last);
    std::move(swept.begin(), swept.end(), std::back_inserter(fresh));
    sweep_at_ = last == no_end ? base::CommandId{} : last;
  });
  // After a full page it goes on where that ended: the first ones must not hide the others. After a short one anew.
  due_from_ = due.size() >= due_max ? store::cursors_after(due) : store::DueCursors{};
  const int resumed = clear_stale_pauses(fresh);
  skip_undelivered(fresh, look.now_ms);
  std::erase_if(by_priority, [](const store::WaitingCommand& command) { return command.is_new; });
  skip_busy_pools(by_priority);
  return resumed + send(connection, by_priority).commands + send(connection, due).commands +
         send(connection, fresh).commands;
}

Renotifier::Sent Renotifier::notify_enqueued(postgres::DutyConnection& connection) {
  Sent sent = notify_enqueued_by_priority(connection);
  for (int page = 0; page < enqueued_pages_max; ++page) {
    Waiting due;
    connection.run_one([&](postgres::Session& session) {
      due = store::UpkeepStatements(session).due_commands(enqueued_from_, static_cast<int>(due_max));
    });
    const auto of_page = send(connection, due);
    sent.commands += of_page.commands;
    sent.first_time += of_page.first_time;
    if (due.size() < due_max) {
      enqueued_from_.clear();
      return sent;
    }
    for (auto& [pool, cursor] : store::cursors_after(due)) enqueued_from_[pool] = cursor;
  }
  // Where all were notified already nobody waits for more of them: the next call goes on from here, and the ticks do.
  sent.has_more = sent.first_time > 0;
  return sent;
}

Renotifier::Sent Renotifier::notify_enqueued_by_priority(postgres::DutyConnection& connection) {
  Waiting due;
  connection.run_one(
      [&](postgres::Session& session) { due = store::UpkeepStatements(session).due_by_priority(priority_max); });
  skip_busy_pools(due);
  return send(connection, due);
}

// While a notification of the pool waits for a worker, its claim finds what has a priority; it finds what is below 0 once it finds no other.
void Renotifier::skip_busy_pools(Waiting& waiting) const {
  std::map<std::string, bool, std::less<>> busy;
  std::erase_if(waiting, [&](const store::WaitingCommand& command) {
    const auto [pool, is_new] = busy.try_emplace(command.pool);
    if (is_new) {
      pool->second = std::ranges::any_of(context_.notifier.lanes(command.pool),
                                         [](const notify::Lane& lane) { return lane.num_pending > 0; });
    }
    return pool->second;
  });
}

int Renotifier::clear_stale_pauses(Waiting& fresh) {
  std::set<base::ExecutionId> executions;
  std::erase_if(fresh, [&](const store::WaitingCommand& command) {
    if (command.is_postponed) executions.insert(command.execution_id);
    return command.is_postponed;
  });
  if (executions.empty()) return 0;
  return executions::clear_stale_pause(context_, {executions.begin(), executions.end()});
}

// Without this a long queue would be notified all over again while it is worked off: a message, a claim and a refusal each.
void Renotifier::skip_undelivered(Waiting& fresh, std::int64_t now_ms) const {
  const auto first_id_at = [](std::int64_t unix_ms) {
    return base::CommandId{base::IdGenerator::first_id_at(unix_ms)};
  };
  const base::CommandId old = first_id_at(now_ms - undelivered_patience.count());
  std::map<std::string, notify::PoolLanes, std::less<>> known;
  std::erase_if(fresh, [&](const store::WaitingCommand& command) {
    if (command.queue_id < old) return false;
    const auto [pool, is_new] = known.try_emplace(command.pool);
    if (is_new) pool->second = context_.notifier.lanes(command.pool);
    if (std::ranges::none_of(pool->second, [](const notify::Lane& lane) { return lane.num_pending > 0; })) return false;
    // A lane is first in, first out: where a later one was delivered already, this one was never sent.
    const std::size_t last = context_.notifier.lane_of({.queue_id = command.queue_id,
                                                        .execution_id = command.execution_id,
                                                        .step = command.step,
                                                        .pool = command.pool,
                                                        .priority = command.priority,
                                                        .epoch = command.epoch,
                                                        .redelivery = 0});
    return std::any_of(pool->second.begin(), pool->second.begin() + static_cast<std::ptrdiff_t>(last) + 1,
                       [&](const notify::Lane& lane) {
                         return lane.num_pending > 0 &&
                                command.queue_id > first_id_at(lane.delivered_until_ms - clocks_apart_max.count());
                       });
  });
}

// Notified once already, in a pool without a worker, where notifications wait that nobody has taken: one more wakes nobody, and who scales
// by their number (KEDA) would see more and more work. A worker that comes looks into its pool, and is notified.
void Renotifier::skip_unserved(postgres::DutyConnection& connection,
                               std::vector<notify::Notification>& notifications) const {
  const auto is_repeated = [](const notify::Notification& one) { return one.redelivery > 1; };
  if (std::ranges::none_of(notifications, is_repeated)) return;
  std::set<std::string> served;
  connection.run_one(
      [&](postgres::Session& session) { served = store::UpkeepStatements(session).pools_with_workers(); });
  std::map<std::string, bool, std::less<>> has_pending;
  std::erase_if(notifications, [&](const notify::Notification& one) {
    if (!is_repeated(one) || served.contains(one.pool)) return false;
    const auto [pool, is_new] = has_pending.try_emplace(one.pool);
    if (is_new)
      pool->second = std::ranges::any_of(context_.notifier.lanes(one.pool),
                                         [](const notify::Lane& lane) { return lane.num_pending > 0; });
    return pool->second;
  });
}

Renotifier::Sent Renotifier::send(postgres::DutyConnection& connection, const Waiting& waiting) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<notify::Notification> notifications;
  Sent sent;
  for (const auto& command : waiting) {
    const auto redelivery = memory_.take_redelivery(command.queue_id, now);
    if (!redelivery) continue;
    if (*redelivery == 1) ++sent.first_time;
    notifications.push_back({.queue_id = command.queue_id,
                             .execution_id = command.execution_id,
                             .step = command.step,
                             .pool = command.pool,
                             .priority = command.priority,
                             .epoch = command.epoch,
                             .redelivery = *redelivery});
    if (notifications.size() >= due_max) break;
  }
  skip_unserved(connection, notifications);
  dispatch::notify_workers(context_, notifications);
  sent.commands = static_cast<int>(notifications.size());
  return sent;
}

}  // namespace noetl::upkeep
