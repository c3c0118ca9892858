#include "server/queue/enqueue_commands.hpp"

#include <algorithm>
#include <set>

#include "server/decisions/write_batch.hpp"
#include "server/dispatch/after_commit.hpp"
#include "server/dispatch/crash_point.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/dispatch/due_times.hpp"
#include "server/dispatch/notify_workers.hpp"
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

std::vector<wire::EnqueuedCommand> tell(dispatch::ServerContext& context, const std::vector<wire::NewCommand>& commands,
                                        const std::vector<base::CommandId>& ids,
                                        const std::set<base::CommandId>& inserted,
                                        const std::set<base::CommandId>& claimed) {
  std::vector<const wire::NewCommand*> left_out;
  for (std::size_t i = 0; inserted.size() < commands.size() && i < commands.size(); ++i) {
    if (!inserted.contains(ids[i])) left_out.push_back(&commands[i]);
  }
  std::vector<std::optional<store::KeyedCommand>> known;
  if (!left_out.empty()) {
    context.connections.run_one(
        [&](postgres::Session& session) { known = store::QueueTable(session).of_keys(left_out); });
  }
  auto first = known.begin();
  std::vector<wire::EnqueuedCommand> answer;
  std::vector<notify::Notification> notifications;
  bool has_times = false;
  answer.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto& command = commands[i];
    if (!inserted.contains(ids[i])) {
      answer.push_back(known_command(command, *first++));
      continue;
    }
    answer.push_back({.queue_id = ids[i], .is_duplicate = false, .conflict = {}});
    has_times = has_times || command.available_at.has_value();
    if (!command.available_at) {
      notifications.push_back({.queue_id = ids[i],
                               .execution_id = {},
                               .step = command.tool_kind,
                               .pool = command.pool,
                               .group = command.group,
                               .priority = command.priority,
                               .epoch = 0,
                               .redelivery = 0,
                               .is_dispatched = claimed.contains(ids[i]),
                               .delay = command.delay.value_or(std::chrono::milliseconds{0})});
    }
  }
  dispatch::notify_workers(context, notifications);
  if (has_times) context.due_times.look();
  return answer;
}
}  // namespace

base::Result<std::vector<wire::EnqueuedCommand>> enqueue_commands(dispatch::ServerContext& context,
                                                                  const std::vector<wire::NewCommand>& commands) {
  std::vector<base::CommandId> ids;
  ids.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) ids.push_back({context.ids.next()});

  const auto pools = context.pool_rules.get();
  std::set<base::CommandId> inserted;
  std::set<base::CommandId> claimed;
  auto reservation = reserve_for(context, commands);
  std::vector<domain::ClaimedCommand> given;
  store::ClaimFor claim_for;
  context.connections.run_one([&](postgres::Session& session) {
    if (reservation)
      claim_for = {
          .worker_id = reservation->worker_id(), .claim_id = {context.ids.next()}, .instance = reservation->instance()};
    auto made = store::QueueTable(session).insert_plain(commands, ids, *pools, claim_for);
    inserted = {made.inserted.begin(), made.inserted.end()};
    given = std::move(made.claimed);
  });
  return dispatch::after_commit([&] {
    dispatch::crash_after_commit();
    for (const auto& command : given) claimed.insert(command.lease.queue_id);
    if (reservation) reservation->deliver(std::move(given), claim_for.claim_id);
    return tell(context, commands, ids, inserted, claimed);
  });
}

}  // namespace noetl::queue
