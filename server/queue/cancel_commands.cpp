#include "server/queue/cancel_commands.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/decisions/perform.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/queue/cancel_statements.hpp"
#include "shared/domain/json_text.hpp"

namespace noetl::queue {
namespace {

using base::ErrorCode;

constexpr std::size_t cancel_batch_max = 500;  // commands of one transaction

struct Texts {
  std::string error, payload;  // JSON
};

Texts texts_of(const std::string& reason) {
  nlohmann::json error{{"kind", "cancelled"},
                       {"message", reason.empty() ? "cancelled on request" : "cancelled on request: " + reason},
                       {"retryable", false}};
  return {.error = domain::json_text(error), .payload = domain::json_text(nlohmann::json{{"error", error}})};
}

std::vector<base::CommandId> cancel_batch(dispatch::ServerContext& context, const std::vector<base::CommandId>& ids,
                                          const Texts& texts) {
  std::vector<base::EventId> events;
  events.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) events.push_back({context.ids.next()});
  std::vector<base::CommandId> cancelled_ids;
  decisions::commit(context, [&](postgres::Session& session) {
    dispatch::Effects effects;
    cancelled_ids.clear();
    for (auto& command : store::CancelStatements(session).cancel(ids, events, texts.error, texts.payload)) {
      cancelled_ids.push_back(command.queue_id);
      if (!command.was_running) continue;
      effects.work.attempts.push_back({.pool = std::move(command.pool),
                                       .tool = std::move(command.tool_kind),
                                       .outcome = counts::AttemptOutcome::cancelled,
                                       .duration = {}});
    }
    return effects;
  });
  return cancelled_ids;
}

wire::CancelRefusal refusal_of(base::CommandId id, const store::UncancellableCommand* command) {
  if (command == nullptr) return {id, ErrorCode::not_found, "no command has queue_id " + id.str(), {}};
  if (command->execution_id.is_set()) {
    const auto execution = command->execution_id.str();
    return {id, ErrorCode::conflict,
            "command " + id.str() + " is a step of execution " + execution +
                ": cancel that (noetlctl execution cancel " + execution + ")",
            command->status};
  }
  return {id, ErrorCode::already_terminal, "command " + id.str() + " has ended before: " + command->status,
          command->status};
}

void refuse_rest(dispatch::ServerContext& context, const std::vector<base::CommandId>& asked,
                 wire::CancelledCommands& answer) {
  std::vector<base::CommandId> rest;
  std::ranges::set_difference(asked, answer.queue_ids, std::back_inserter(rest));
  if (rest.empty()) return;
  std::map<base::CommandId, store::UncancellableCommand> found;
  context.connections.run_one(
      [&](postgres::Session& session) { found = store::CancelStatements(session).explain(rest); });
  for (const auto id : rest) {
    const auto command = found.find(id);
    const bool could_be = command != found.end() && !command->second.execution_id.is_set() &&
                          (command->second.status == "queued" || command->second.status == "running");
    if (could_be && answer.is_dry_run) {
      answer.queue_ids.push_back(id);
    } else {
      answer.refused.push_back(refusal_of(id, command == found.end() ? nullptr : &command->second));
    }
  }
}

}  // namespace

base::Result<wire::CancelledCommand> cancel_command(dispatch::ServerContext& context, base::CommandId queue_id,
                                                    const std::string& reason) {
  wire::CancelCommandsRequest request;
  request.queue_ids = {queue_id};
  request.reason = reason;
  const auto answer = cancel_commands(context, request);
  if (!answer.queue_ids.empty())
    return wire::CancelledCommand{.queue_id = queue_id, .is_cancelled = true, .status = "cancelled"};
  const auto& refusal = answer.refused.front();
  if (refusal.code != ErrorCode::already_terminal) return base::failure(refusal.code, refusal.message, "/queue_id");
  return wire::CancelledCommand{.queue_id = queue_id, .is_cancelled = false, .status = refusal.status};
}

wire::CancelledCommands cancel_commands(dispatch::ServerContext& context, const wire::CancelCommandsRequest& request) {
  wire::CancelledCommands answer;
  answer.is_dry_run = request.is_dry_run;
  auto asked = request.queue_ids;
  if (request.has_filter) {
    context.connections.run_one([&](postgres::Session& session) {
      asked = store::CancelStatements(session).ids(request.filter, request.limit + 1);
    });
    answer.has_more = asked.size() > static_cast<std::size_t>(request.limit);
    if (answer.has_more) asked.pop_back();
  }
  std::ranges::sort(asked);
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  const auto texts = texts_of(request.reason);
  for (std::size_t from = 0; from < asked.size() && !request.is_dry_run; from += cancel_batch_max) {
    const auto first = asked.begin() + static_cast<std::ptrdiff_t>(from);
    const auto last = first + static_cast<std::ptrdiff_t>(std::min(cancel_batch_max, asked.size() - from));
    const auto cancelled = cancel_batch(context, {first, last}, texts);
    answer.queue_ids.insert(answer.queue_ids.end(), cancelled.begin(), cancelled.end());
  }
  if (!request.has_filter) refuse_rest(context, asked, answer);
  if (request.has_filter && request.is_dry_run) answer.queue_ids = std::move(asked);
  return answer;
}

}  // namespace noetl::queue
