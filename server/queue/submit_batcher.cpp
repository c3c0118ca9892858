#include "server/queue/submit_batcher.hpp"

#include "server/executions/start_execution.hpp"
#include "server/queue/enqueue_commands.hpp"

namespace noetl::queue {

namespace {

constexpr std::size_t commands_max = 256;
constexpr std::size_t executions_max = 64;

std::vector<base::Result<wire::EnqueuedCommand>> enqueue_each(dispatch::ServerContext& context,
                                                              const std::vector<wire::NewCommand>& commands) {
  std::vector<base::Result<wire::EnqueuedCommand>> answers;
  answers.reserve(commands.size());
  auto enqueued = enqueue_commands(context, commands);
  if (enqueued) {
    for (auto& command : *enqueued) {
      if (command.conflict)
        answers.push_back(base::failure(std::move(*command.conflict)));
      else
        answers.push_back(std::move(command));
    }
  } else if (commands.size() == 1) {
    answers.push_back(base::failure(enqueued.error()));
  } else {  // all or none: one of them was wrong
    for (const auto& command : commands) answers.push_back(std::move(enqueue_each(context, {command}).front()));
  }
  return answers;
}

}  // namespace

SubmitBatcher::SubmitBatcher(dispatch::ServerContext& context)
    : commands_({.batch_max = commands_max, .writers_max = writers_max},
                [&context](const std::vector<wire::NewCommand>& commands) { return enqueue_each(context, commands); }),
      executions_({.batch_max = executions_max, .writers_max = writers_max},
                  [&context](const std::vector<wire::ExecuteRequest>& requests) {
                    return executions::start_executions(context, requests);
                  }) {}

}  // namespace noetl::queue
