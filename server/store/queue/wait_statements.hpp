#pragma once
// WaitStatements: the facts behind why a command does not run (server/waiting). One thread, as long as the session.
#include <map>
#include <optional>
#include <string>

#include "server/waiting/wait_reason.hpp"
#include "shared/base/ids.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

// Of an execution that runs: what it waits for.
struct ExecutionWait {
  bool has_running = false;  // a command of it runs
  std::optional<waiting::CommandFacts> command;  // else the first that waits
  base::ExecutionId child;  // else a called playbook that runs
  std::string child_path;
};

class WaitStatements {
 public:
  explicit WaitStatements(postgres::Session& session) : session_(session) {}

  // Nothing when it does not wait.
  [[nodiscard]] std::optional<waiting::CommandFacts> of_command(base::CommandId queue_id);
  // Of one that runs.
  [[nodiscard]] ExecutionWait of_execution(base::ExecutionId execution_id);
  // `tools`: by pool, which tool a command waits for there; empty: any.
  [[nodiscard]] std::map<std::string, waiting::PoolFacts> of_pools(const std::map<std::string, std::string>& tools);

 private:
  [[nodiscard]] waiting::CommandFacts with_pool(waiting::CommandFacts command);

  postgres::Session& session_;
};

}  // namespace noetl::store
