#pragma once
// CancelStatements: plain commands that callers cancel. One thread, as long as the session.
#include <map>
#include <string>
#include <vector>

#include "shared/wire/command_filter.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct UncancellableCommand {
  base::ExecutionId execution_id;  // unset for a plain command
  std::string status;
};

struct CancelledCommand {
  base::CommandId queue_id;
  std::string pool, tool_kind;
  bool was_running = false;
};

class CancelStatements {
 public:
  explicit CancelStatements(postgres::Session& session) : session_(session) {}

  // Plain commands that wait or run, oldest first.
  [[nodiscard]] std::vector<base::CommandId> ids(const wire::CommandFilter& filter, int limit);
  // events[i] is the id for the event of ids[i]. `error` is JSON text for the rows, `payload` for the events. Gives those that it
  // cancelled: plain, and waiting or running.
  [[nodiscard]] std::vector<CancelledCommand> cancel(const std::vector<base::CommandId>& ids,
                                                     const std::vector<base::EventId>& events, const std::string& error,
                                                     const std::string& payload);
  [[nodiscard]] std::map<base::CommandId, UncancellableCommand> explain(const std::vector<base::CommandId>& ids);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
