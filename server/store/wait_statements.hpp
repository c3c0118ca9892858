#pragma once
// WaitStatements: the facts behind why a command does not run (server/waiting), each in one statement. One thread, as long as the session.
#include <map>
#include <optional>
#include <string>

#include "server/waiting/wait_reason.hpp"
#include "shared/base/ids.hpp"

namespace noetl::store {

class Session;

// Of an execution that runs: what it waits for.
struct ExecutionWait {
  bool has_running = false;  // a command of it runs
  std::optional<waiting::CommandFacts> command;  // else the first that waits
  base::ExecutionId child;  // else a called playbook that runs
  std::string child_path;
};

// Of what waits in a pool: the one that would be next.
struct NextWaiting {
  std::string tool_kind;  // of the one that has waited longest; empty: none is due
  std::string due_at = {};  // of the first that is due later; empty: one is due, or none is later
  bool is_put_off = false;  // none of both, and some wait for their paused executions
};

class WaitStatements {
 public:
  explicit WaitStatements(Session& session) : session_(session) {}

  // Nothing when it does not wait.
  [[nodiscard]] std::optional<waiting::CommandFacts> of_command(base::CommandId queue_id);
  // Of one that runs.
  [[nodiscard]] ExecutionWait of_execution(base::ExecutionId execution_id);
  // By pool; `next`: what waits in it.
  [[nodiscard]] std::map<std::string, waiting::CommandFacts> of_pools(const std::map<std::string, NextWaiting>& next);

 private:
  Session& session_;
};

}  // namespace noetl::store
