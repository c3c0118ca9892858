#include "server/queue/worker_registry.hpp"

#include "server/attempts/reclaim_leases.hpp"
#include "server/decisions/perform.hpp"
#include "server/dispatch/long_polls.hpp"
#include "server/notify/notifier.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/queue/worker_commands.hpp"
#include "server/store/queue/worker_command_table.hpp"
#include "server/store/queue/worker_table.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/subjects.hpp"

namespace noetl::queue {

namespace {
tl::unexpected<base::Error> unknown(const std::string& worker_id) {
  return base::failure(base::ErrorCode::not_found, "no worker is registered as '" + worker_id + "'", "/worker_id");
}

std::optional<store::WorkerLease> lease_of(dispatch::ServerContext& context, const std::string& worker_id) {
  std::optional<store::WorkerLease> lease;
  context.connections.run_one(
      [&](postgres::Session& session) { lease = store::WorkerTable(session).lease_of(worker_id); });
  return lease;
}

// A name costs a row for a day, a pool three consumers: who may register may not make as many as it likes.
base::Result<void> check_room(dispatch::ServerContext& context, const wire::WorkerRegistration& registration) {
  store::RegistrationRoom room;
  context.connections.run_one([&](postgres::Session& session) {
    room = store::WorkerTable(session).room(registration.worker_id, registration.pool, context.settings.pool_idle_time);
  });
  if (room.other_workers >= context.settings.workers_max) {
    return base::failure(base::ErrorCode::conflict,
                         std::to_string(room.other_workers) +
                             " workers have registered lately (pool-idle-time), as many as workers-max allows: "
                             "end some, or raise workers-max of the servers",
                         "/worker_id");
  }
  const bool is_default = registration.pool == domain::default_pool;
  if (is_default || room.is_pool_known || room.other_pools < context.settings.pools_max) return {};
  return base::failure(base::ErrorCode::conflict,
                       "pool '" + registration.pool + "' is new, and workers are in " +
                           std::to_string(room.other_pools) +
                           " others, as many as pools-max allows: set it up (PUT /api/v2/pools/" + registration.pool +
                           "), raise pools-max of the servers, or end the workers of a pool "
                           "that is not needed; after pool-idle-time it counts no more",
                       "/pool");
}

tl::unexpected<base::Error> taken(const std::string& worker_id, const store::WorkerLease& lease) {
  return base::failure(base::Error{
      .code = base::ErrorCode::conflict,
      .message = "worker '" + worker_id + "' is registered by another process, whose lease lasts until " + lease.until +
                 ": give this one another worker id, or stop the other; the name is "
                 "free when its lease is over",
      .field = "/worker_id",
      .retry_after = lease.left,
      .details = {}});
}

// Keeps them, and wakes who waits for them here.
void keep_answers(dispatch::ServerContext& context, const wire::Heartbeat& heartbeat) {
  auto answers = heartbeat.command_answers;
  for (auto& answer : answers) {
    if (answer.body.size() <= wire::worker_command_answer_bytes_max) continue;
    const base::Error error{.code = ErrorCode::payload_too_large,
                            .message = "the worker's answer has " + std::to_string(answer.body.size()) +
                                       " bytes, of at most " + std::to_string(wire::worker_command_answer_bytes_max),
                            .field = {},
                            .details = {}};
    answer.status = wire::mapping_of(error.code).http_status;
    answer.body = wire::encode_problem(error);
  }
  context.connections.run_one(
      [&](postgres::Session& session) { store::WorkerCommandTable(session).answer(heartbeat.worker_id, answers); });
  context.long_polls.wake({answers_of(heartbeat.worker_id)});
}

std::vector<wire::WorkerCommand> take_commands(dispatch::ServerContext& context, const std::string& worker_id) {
  std::vector<wire::WorkerCommand> commands;
  decisions::commit(context, [&](postgres::Session& session) {
    commands = store::WorkerCommandTable(session).take(worker_id);
    return dispatch::Effects{};
  });
  return commands;
}

}  // namespace

base::Result<wire::RegistrationAnswer> register_worker(dispatch::ServerContext& context,
                                                       const wire::WorkerRegistration& registration) {
  const auto& worker_id = registration.worker_id;
  const auto before = lease_of(context, worker_id);
  const bool is_alive = before && before->is_alive;
  if (is_alive && !before->is_of(registration.instance)) return taken(worker_id, *before);
  if (!is_alive) {
    if (auto room = check_room(context, registration); !room) return base::failure(room.error());
  }
  // Whatever ran under this name before does not run any more: it waits again. What a process holds that asks again, because it did
  // not hear the answer, it goes on with.
  const bool is_repeated = is_alive && !before->instance.empty();
  if (!is_repeated) (void)attempts::reclaim_leases(context, worker_id, "worker '" + worker_id + "' registered anew");
  bool is_registered = false;
  context.connections.run_one([&](postgres::Session& session) {
    is_registered = store::WorkerTable(session).register_worker(registration, context.settings.lease);
  });
  if (!is_registered) return taken(worker_id, lease_of(context, worker_id).value_or(store::WorkerLease{}));
  // Its consumers are there before its first command is: a worker of a quiet pool would poll, and who scales by the lag of a
  // consumer that is missing (KEDA) takes the whole stream for it.
  context.notifier.ensure_pool(registration.pool);
  return wire::RegistrationAnswer{
      .worker_id = registration.worker_id,
      .heartbeat_interval = context.settings.heartbeat_interval,
      .lease = context.settings.lease,
      .ack_wait = context.settings.ack_wait,
      .nats_stream = context.settings.nats_stream,
      .nats_subject = wire::commands_subject_of(registration.pool, context.settings.nats_subject),
      .nats_consumer = wire::commands_consumer_of(registration.pool, context.settings.nats_consumer),
      .nats_lanes = static_cast<int>(wire::lanes),
      .dispatches_directly = true,
      .confirms_claims = true};
}

base::Result<wire::HeartbeatAnswer> renew_leases(dispatch::ServerContext& context, const wire::Heartbeat& heartbeat) {
  wire::HeartbeatAnswer answer;
  context.connections.run_one([&](postgres::Session& session) {
    answer = store::WorkerTable(session).renew(heartbeat, context.settings.lease, {context.ids.next()});
  });
  if (answer.is_known && !heartbeat.command_answers.empty()) keep_answers(context, heartbeat);
  if (answer.has_commands) answer.commands = take_commands(context, heartbeat.worker_id);
  return answer;
}

base::Result<void> deregister_worker(dispatch::ServerContext& context, const Deregistration& request) {
  const auto& worker_id = request.worker_id;
  bool is_stopped = false;
  context.connections.run_one([&](postgres::Session& session) {
    is_stopped = store::WorkerTable(session).stop(worker_id, request.instance, request.by_force);
  });
  if (!is_stopped) {
    const auto lease = lease_of(context, worker_id);
    if (!lease) return unknown(worker_id);
    return base::failure(
        base::Error{.code = base::ErrorCode::conflict,
                    .message = "worker '" + worker_id + "' runs until " + lease->until +
                               " at least, and what it runs would be given to others: drain it (POST /api/v2/workers/" +
                               worker_id + "/drain), or repeat with force=true",
                    .field = {},
                    .retry_after = lease->left,
                    .details = {}});
  }
  (void)attempts::reclaim_leases(context, worker_id, "worker '" + worker_id + "' stopped");
  return {};
}

base::Result<void> drain_worker(dispatch::ServerContext& context, const std::string& worker_id) {
  bool is_known = false;
  context.connections.run_one(
      [&](postgres::Session& session) { is_known = store::WorkerTable(session).ask_to_drain(worker_id); });
  if (!is_known) return unknown(worker_id);
  return {};
}

void report_pools_in_use(dispatch::ServerContext& context) {
  notify::PoolsInUse pools;
  context.connections.run_one([&](postgres::Session& session) {
    pools = {};
    for (const auto& [pool, is_used] : store::WorkerTable(session).pools_in_use(context.settings.pool_idle_time))
      (is_used ? pools.in_use : pools.unused).insert(pool);
  });
  context.notifier.retain_pools(pools);
}

std::vector<wire::WorkerRow> list_workers(dispatch::ServerContext& context, const std::string& pool,
                                          const std::string& status) {
  std::vector<wire::WorkerRow> rows;
  context.connections.run_one(
      [&](postgres::Session& session) { rows = store::WorkerTable(session).list(pool, status); });
  return rows;
}

}  // namespace noetl::queue
