#include "server/upkeep/ring_due.hpp"

#include <limits>

#include "server/app/decision_writes.hpp"
#include "server/store/duty_connection.hpp"

namespace noetl::upkeep {

namespace {
constexpr int due_max = 2000;       // rung per tick
constexpr int rows_max = 20'000;    // looked at per tick and scan: some 10 ms of Postgres
constexpr std::uint64_t sweep_ticks = 2;  // the newest window finds what was lost lately at every tick
constexpr base::CommandId no_end{std::numeric_limits<std::int64_t>::max()};
}  // namespace

int RingDue::tick(store::DutyConnection& connection, const store::UpkeepTimes& times) {
  int rung = 0;
  connection.run_one([&](store::Session& session) {
    store::UpkeepStatements statements(session);
    rung += ring(statements.due_commands(due_max));

    const base::CommandId newest{base::IdGenerator::first_id_at(times.now_ms - ring_after_.count())};
    if (newest_seen_.is_set() && newest_seen_ < newest) {
      base::CommandId last;
      rung += ring(statements.unheard(newest_seen_, newest, rows_max, last));
    }
    newest_seen_ = newest;

    if (++ticks_ % sweep_ticks != 0) return;
    base::CommandId last;
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
