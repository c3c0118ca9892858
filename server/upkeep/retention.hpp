#pragma once
// Retention: what has ended leaves when its time is over: plain commands with their events and dead letters, executions as
// a whole. A step goes through windows of ids for a few ten milliseconds, each in a transaction of its own, so that nobody
// waits for it; a round of a kind ends at the newest id and its next one begins later. One thread; the counts any thread.
#include <atomic>
#include <chrono>
#include <cstdint>

#include "server/dispatch/server_context.hpp"
#include "server/store/upkeep/retention_statements.hpp"

namespace noetl::postgres {
class DutyConnection;
}

namespace noetl::upkeep {

struct RetentionCounts {
  std::uint64_t commands = 0;  // plain ones
  std::uint64_t events = 0;  // of plain commands
  std::uint64_t executions = 0;
  std::uint64_t execution_rows = 0;  // of executions, of all kinds
};

class Retention {
 public:
  Retention(dispatch::ServerContext& context, store::RetentionPolicy retention);

  // Does something leave at all?
  [[nodiscard]] bool is_on() const { return is_on_; }
  // Goes on with the rounds that are not over, and `may_begin` with the next one of kinds whose round is: none waits for
  // another's. True when something left of one that is not over: go on soon.
  bool step(postgres::DutyConnection& connection, std::int64_t now_ms, bool may_begin = true);
  [[nodiscard]] RetentionCounts counts() const;

 private:
  enum class Kind { commands, events, executions };
  struct Round {
    std::int64_t at = 0;  // goes on here
    bool is_over = true;  // rests until a step may begin the next one
  };
  [[nodiscard]] bool keeps(Kind kind) const;
  // True when something left.
  bool prune(Kind kind, Round& round, postgres::DutyConnection& connection, std::int64_t until,
             std::chrono::steady_clock::time_point deadline);

  dispatch::ServerContext& context_;
  const store::RetentionPolicy policy_;
  std::chrono::seconds shortest_{0};  // of all times
  std::chrono::seconds shortest_plain_{0};
  bool is_on_ = false;
  bool keeps_plain_ = true;
  bool keeps_executions_ = true;
  Round commands_, events_, executions_;
  std::atomic<std::uint64_t> commands_gone_{0}, events_gone_{0}, executions_gone_{0}, execution_rows_gone_{0};
};

}  // namespace noetl::upkeep
