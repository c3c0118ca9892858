#include "server/upkeep/retention.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "server/postgres/duty_connection.hpp"
#include "server/upkeep/prune_executions.hpp"

namespace noetl::upkeep {

namespace {
// With every tick that prunes, each kind has its share, so that none waits for another's backlog.
constexpr std::chrono::milliseconds share_max{40};
constexpr int commands_max = 5000;  // looked at in one statement: some 5 ms
constexpr int events_max = 5000;
constexpr int executions_max = 1000;

std::optional<std::chrono::seconds> shortest(std::initializer_list<std::optional<std::chrono::seconds>> times) {
  std::optional<std::chrono::seconds> least;
  for (const auto& time : times) {
    if (time && (!least || *time < *least)) least = time;
  }
  return least;
}
}  // namespace

Retention::Retention(dispatch::ServerContext& context, store::RetentionPolicy retention)
    : context_(context), policy_(retention) {
  const auto plain = shortest({retention.completed, retention.cancelled, retention.dead});
  const auto executions = shortest({retention.completed, retention.cancelled, retention.failed});
  keeps_plain_ = !plain;
  keeps_executions_ = !executions;
  is_on_ = plain || executions;
  shortest_plain_ = plain.value_or(shortest_plain_);
  shortest_ = shortest({plain, executions}).value_or(shortest_);
}

bool Retention::step(postgres::DutyConnection& connection, std::int64_t now_ms, bool may_begin) {
  const auto age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(shortest_).count();
  const std::int64_t until = base::IdGenerator::first_id_at(now_ms - age_ms);
  bool has_more = false;
  const auto share = [&](Kind kind, Round& round) {
    if (may_begin) round.is_over = keeps(kind);
    const auto deadline = std::chrono::steady_clock::now() + share_max;
    bool has_gone = false;
    while (!round.is_over) {
      has_gone = prune(kind, round, connection, until, deadline) || has_gone;
      if (std::chrono::steady_clock::now() >= deadline) break;
    }
    has_more = has_more || (has_gone && !round.is_over);
  };
  share(Kind::commands, commands_);
  share(Kind::executions, executions_);
  share(Kind::events, events_);
  return has_more;
}

bool Retention::keeps(Kind kind) const { return kind == Kind::executions ? keeps_executions_ : keeps_plain_; }

bool Retention::prune(Kind kind, Round& round, postgres::DutyConnection& connection, std::int64_t until,
                      std::chrono::steady_clock::time_point deadline) {
  if (round.is_over) return false;
  std::int64_t last = until;
  int gone = 0;
  const auto window = [&](int rows_max) {
    return store::IdWindow{.after = round.at, .until = until, .rows_max = rows_max};
  };
  if (kind == Kind::executions) {
    const auto pruned = upkeep::prune_executions(context_, policy_, window(executions_max), deadline);
    last = pruned.last;
    gone = pruned.rows + pruned.executions;
    executions_gone_ += static_cast<std::uint64_t>(pruned.executions);
    execution_rows_gone_ += static_cast<std::uint64_t>(pruned.rows);
  } else {
    store::PrunedWindow pruned;
    connection.write([&](postgres::Session& session) {
      store::RetentionStatements statements(session);
      pruned = kind == Kind::commands ? statements.prune_commands(policy_, window(commands_max))
                                      : statements.prune_events(shortest_plain_, window(events_max));
    });
    last = pruned.last;
    gone = pruned.gone;
    (kind == Kind::commands ? commands_gone_ : events_gone_) += static_cast<std::uint64_t>(gone);
  }
  round.is_over = last >= until;
  round.at = round.is_over ? 0 : last;
  return gone > 0;
}

RetentionCounts Retention::counts() const {
  return {.commands = commands_gone_,
          .events = events_gone_,
          .executions = executions_gone_,
          .execution_rows = execution_rows_gone_};
}

}  // namespace noetl::upkeep
