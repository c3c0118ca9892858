#pragma once
// SubmitBatcher: single enqueues and single executes, those that come at the same time in one transaction (group_commit.hpp). What is
// wrong with one request is its own error and nobody else's. Any thread; the context must outlive it.
#include "server/dispatch/group_commit.hpp"
#include "server/dispatch/server_context.hpp"
#include "shared/wire/messages/command.hpp"
#include "shared/wire/messages/execution.hpp"

namespace noetl::queue {

class SubmitBatcher {
 public:
  explicit SubmitBatcher(dispatch::ServerContext& context);

  // Errors: those of enqueue_commands and of start_execution; postgres::Unavailable is thrown.
  [[nodiscard]] base::Result<wire::EnqueuedCommand> enqueue(wire::NewCommand command) {
    return commands_.submit(std::move(command));
  }
  [[nodiscard]] base::Result<wire::ExecuteAnswer> execute(wire::ExecuteRequest request) {
    return executions_.submit(std::move(request));
  }

  static constexpr int writers_max = 1;  // of each kind: connections to Postgres

 private:
  dispatch::GroupCommit<wire::NewCommand, wire::EnqueuedCommand> commands_;
  dispatch::GroupCommit<wire::ExecuteRequest, wire::ExecuteAnswer> executions_;
};

}  // namespace noetl::queue
