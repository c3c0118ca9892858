#include "server/upkeep/ring_due.hpp"

#include <limits>
#include <utility>

#include "server/app/decision_writes.hpp"
#include "server/store/duty_connection.hpp"

namespace noetl::upkeep {

namespace {
constexpr int due_max = 2000;       // rung per tick
constexpr int rows_max = 20'000;    // looked at per tick and scan: some 10 ms of Postgres
constexpr std::uint64_t sweep_ticks = 2;  // the newest window finds what was lost lately at every tick
constexpr std::uint64_t sweep_ticks_idle = 20;
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

  int rung = 0;
  connection.run_one([&](store::Session& session) {
    store::UpkeepStatements statements(session);
    if (look.has_due) rung += ring(statements.due_commands(due_max));
    base::CommandId last;
    if (may_wait && window_begin.is_set() && window_begin < newest) {
      rung += ring(statements.unheard(window_begin, newest, rows_max, last));
    }
    if (!sweeps) return;
    rung += ring(statements.unheard(sweep_at_, no_end, rows_max, last));
    sweep_at_ = last == no_end ? base::CommandId{} : last;
  });
  return rung;
}

int RingDue::ring(const std::vector<store::WaitingCommand>& waiting) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<notify::Ring> rings;
  for (const auto& command : waiting) {
    const auto round = memory_.take_round(command.queue_id, now);
    if (!round) continue;
    rings.push_back({.queue_id = command.queue_id, .execution_id = command.execution_id, .step = command.step,
                     .pool = command.pool, .priority = command.priority, .epoch = command.epoch, .round = *round});
    if (rings.size() >= due_max) break;
  }
  app::ring(parts_, rings);
  return static_cast<int>(rings.size());
}

}  // namespace noetl::upkeep
