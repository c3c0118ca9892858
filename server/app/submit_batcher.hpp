#pragma once
// SubmitBatcher: single enqueues and single executes, those that come at the same time in one transaction (group_commit.hpp). What is
// wrong with one request is its own error and nobody else's. Any thread; the context must outlive it.
#include "server/app/group_commit.hpp"
#include "server/app/server_context.hpp"
#include "shared/wire/command.hpp"
#include "shared/wire/execution.hpp"

namespace noetl::app {

class SubmitBatcher {
 public:
  explicit SubmitBatcher(ServerContext& context);

  // Errors: those of enqueue_commands and of start_execution; store::Unavailable is thrown.
  [[nodiscard]] base::Result<wire::EnqueuedCommand> enqueue(wire::NewCommand command) {
    return commands_.submit(std::move(command));
  }
  [[nodiscard]] base::Result<wire::ExecuteAnswer> execute(wire::ExecuteRequest request) {
    return executions_.submit(std::move(request));
  }

  static constexpr int writers_max = 1;  // of each kind: connections to Postgres

 private:
  GroupCommit<wire::NewCommand, wire::EnqueuedCommand> commands_;
  GroupCommit<wire::ExecuteRequest, wire::ExecuteAnswer> executions_;
};

}  // namespace noetl::app
