#pragma once
// DeadLetterTable: noetl.dead_letter as people see it and deal with it, through one session. One thread, as long as the
// session. Letters are written by QueueTable, with the attempt that was the last.
#include <optional>
#include <string>
#include <vector>

#include "shared/wire/messages/dead.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct LockedDead {
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string step;
  base::CommandId redriven_as;
  bool has_command = true;  // its row is still there
  std::string pool, tool_kind;
  int priority = 0;
  std::string context;  // when asked for
};

// What ids are asked for: redriven are plain commands, and a purge leaves what it has closed of steps.
enum class DeadFor { redrive, purge };

struct NewRedriven {
  base::CommandId old_id, new_id;
  std::int64_t delay_ms = 0;  // 0: at once
  std::string context, tool_kind;  // empty: as before
  std::optional<int> max_attempts;
};

class DeadLetterTable {
 public:
  explicit DeadLetterTable(postgres::Session& session) : session_(session) {}

  [[nodiscard]] std::vector<wire::DeadLetter> list(const wire::DeadFilter& filter, int limit);
  [[nodiscard]] std::vector<wire::DeadGroup> groups(const wire::DeadFilter& filter, int limit);
  [[nodiscard]] std::optional<wire::DeadCommand> find(base::CommandId queue_id);
  // Oldest first.
  [[nodiscard]] std::vector<base::CommandId> ids(const wire::DeadFilter& filter, int limit, DeadFor what);
  [[nodiscard]] std::int64_t count_steps(const wire::DeadFilter& filter);

  [[nodiscard]] std::vector<LockedDead> lock(const std::vector<base::CommandId>& ids, bool with_context);
  void redrive(const std::vector<NewRedriven>& commands);
  // The number of letters that are dealt with now.
  [[nodiscard]] std::int64_t purge(const std::vector<base::CommandId>& ids);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
