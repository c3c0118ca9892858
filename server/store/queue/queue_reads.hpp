#pragma once
// QueueReads: what people and dashboards see of noetl.queue; read-only. One thread, as long as the session.
#include <optional>
#include <string>
#include <vector>

#include "shared/wire/command_filter.hpp"
#include "shared/wire/messages/command.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct OldestWaiting {
  double age_seconds = 0;  // 0: none waits
  std::optional<base::CommandId> first_fresh;  // the first of the never handed back ones
  std::string tool_kind;  // of the one that has waited longest; empty: none is due
  std::string due_at;  // RFC 3339, of the first that is due later; empty: one is due, or none is later
  bool is_postponed = false;  // none is due, and some wait for their paused executions
};

class QueueReads {
 public:
  explicit QueueReads(postgres::Session& session) : session_(session) {}

  [[nodiscard]] std::optional<wire::CommandRow> find(base::CommandId queue_id);
  // Newest first, without context and result.
  [[nodiscard]] std::vector<wire::CommandRow> list(const wire::CommandFilter& filter, int limit);
  [[nodiscard]] std::vector<wire::QueueDepth> depth();  // from counters; the ages are left 0
  // `from`: no never handed back command of the pool waits below (see candidates_in_pool).
  [[nodiscard]] OldestWaiting oldest_waiting(const std::string& pool, base::CommandId from);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
