#pragma once
// AtWorkerStatements: commands of an execution that their worker began before they were issued, through one session. One thread, as
// long as the session.
#include <string>
#include <vector>

#include "server/store/queue/queue_table.hpp"

namespace noetl::store {

struct CommandAtWorker {
  domain::ClaimedCommand command;
  std::string frame;  // JSON text or empty
};

class AtWorkerStatements {
 public:
  explicit AtWorkerStatements(postgres::Session& session) : session_(session) {}

  // Those of the commands that are at the worker; all of one execution. What runs is claimed for it.
  void insert(const std::vector<NewExecutionCommand>& commands, const std::string& traceparent, const ClaimFor& worker);
  // What the worker runs of an execution.
  [[nodiscard]] std::vector<CommandAtWorker> running(base::ExecutionId execution_id, const std::string& worker_id);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
