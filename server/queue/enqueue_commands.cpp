#include "server/queue/enqueue_commands.hpp"

#include <algorithm>
#include <set>

#include "server/decisions/perform.hpp"
#include "server/decisions/write_batch.hpp"
#include "server/dispatch/after_commit.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/dispatch/pool_rules.hpp"
#include "server/postgres/connection_pool.hpp"

namespace noetl::queue {

namespace {
// What was not inserted: each has a key that is known, for the same work or for other.
wire::EnqueuedCommand known_command(const wire::NewCommand& command, const std::optional<store::KeyedCommand>& first) {
  const auto refused = [](base::ErrorCode code, std::string message) {
    return wire::EnqueuedCommand{.queue_id = {},
                                 .is_duplicate = false,
                                 .conflict = base::Error{.code = code,
                                                         .message = std::move(message),
                                                         .field = "/idempotency_key",
                                                         .retry_after = {},
                                                         .details = {}}};
  };
  if (!first) {
    return refused(base::ErrorCode::unavailable, "the command of idempotency key '" + command.idempotency_key +
                                                     "' is just being written or removed; repeat the request");
  }
  if (first->is_same) return {.queue_id = first->queue_id, .is_duplicate = true, .conflict = {}};
  return refused(base::ErrorCode::conflict,
                 "idempotency key '" + command.idempotency_key + "' was used for other work: command " +
                     first->queue_id.str() + " has the fingerprint " + first->fingerprint +
                     " of tool, input and pool, this one " + first->asked_fingerprint + ": use another key");
}

// What is due at a time of Postgres is read when it is due soon, by whoever leads or, here, at once.
bool is_due(const wire::NewCommand& command) {
  return !command.available_at && command.delay.value_or(std::chrono::milliseconds{0}).count() == 0;
}

// A worker that waits for as many as these, which are all for it. What has a priority below 0 waits until nothing else does, which a
// claim looks up.
std::optional<dispatch::Dispatcher::Reservation> reserve_for(dispatch::ServerContext& context,
                                                             const std::vector<wire::NewCommand>& commands) {
  if (commands.empty() || commands.size() > dispatch::Dispatcher::commands_max) return std::nullopt;
  const auto& pool = commands.front().pool;
  const bool are_alike = std::ranges::all_of(
      commands, [&](const auto& command) { return command.pool == pool && is_due(command) && command.priority >= 0; });
  return are_alike ? context.dispatcher.reserve(pool, commands.size()) : std::nullopt;
}

// Of one request, by their places in it.
struct Enqueued {
  const std::vector<wire::NewCommand>& commands;
  std::vector<base::CommandId> ids;
  std::set<base::CommandId> inserted;
};

dispatch::Effects effects_of(const Enqueued& enqueued, const std::vector<domain::ClaimedCommand>& claimed) {
  dispatch::Effects effects;
  for (std::size_t i = 0; i < enqueued.commands.size(); ++i) {
    const auto& command = enqueued.commands[i];
    if (!enqueued.inserted.contains(enqueued.ids[i])) continue;
    if (command.available_at) {
      effects.has_times = true;
      continue;
    }
    effects.notifications.push_back(
        {.queue_id = enqueued.ids[i],
         .execution_id = {},
         .step = command.tool_kind,
         .pool = command.pool,
         .group = command.group,
         .priority = command.priority,
         .epoch = 0,
         .redelivery = 0,
         .is_dispatched =
             std::ranges::any_of(claimed, [&](const auto& one) { return one.lease.queue_id == enqueued.ids[i]; }),
         .delay = command.delay.value_or(std::chrono::milliseconds{0})});
  }
  return effects;
}

// Looks up by their keys the commands that were not inserted.
std::vector<wire::EnqueuedCommand> answer_of(dispatch::ServerContext& context, const Enqueued& enqueued) {
  const auto& commands = enqueued.commands;
  std::vector<const wire::NewCommand*> left_out;
  for (std::size_t i = 0; enqueued.inserted.size() < commands.size() && i < commands.size(); ++i) {
    if (!enqueued.inserted.contains(enqueued.ids[i])) left_out.push_back(&commands[i]);
  }
  std::vector<std::optional<store::KeyedCommand>> known;
  if (!left_out.empty()) {
    context.connections.run_one(
        [&](postgres::Session& session) { known = store::QueueTable(session).of_keys(left_out); });
  }
  auto first = known.begin();
  std::vector<wire::EnqueuedCommand> answer;
  answer.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (enqueued.inserted.contains(enqueued.ids[i]))
      answer.push_back({.queue_id = enqueued.ids[i], .is_duplicate = false, .conflict = {}});
    else
      answer.push_back(known_command(commands[i], *first++));
  }
  return answer;
}
}  // namespace

base::Result<std::vector<wire::EnqueuedCommand>> enqueue_commands(dispatch::ServerContext& context,
                                                                  const std::vector<wire::NewCommand>& commands) {
  Enqueued enqueued{.commands = commands, .ids = {}, .inserted = {}};
  enqueued.ids.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) enqueued.ids.push_back({context.ids.next()});

  const auto pools = context.pool_rules.get();
  auto reservation = reserve_for(context, commands);
  decisions::commit_one(context, [&](postgres::Session& session) {
    store::ClaimFor claim_for;
    if (reservation)
      claim_for = {
          .worker_id = reservation->worker_id(), .claim_id = {context.ids.next()}, .instance = reservation->instance()};
    auto made = store::QueueTable(session).insert_plain(commands, enqueued.ids, *pools, claim_for);
    enqueued.inserted = {made.inserted.begin(), made.inserted.end()};
    auto effects = effects_of(enqueued, made.claimed);
    effects.is_accepted = true;
    if (reservation)
      effects.direct_dispatch.emplace(std::move(*reservation), std::move(made.claimed), claim_for.claim_id);
    return effects;
  });
  return dispatch::after_commit([&] { return answer_of(context, enqueued); });
}

}  // namespace noetl::queue
