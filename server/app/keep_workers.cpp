#include "server/app/keep_workers.hpp"

#include "server/app/free_leases.hpp"
#include "server/notify/notifier.hpp"
#include "server/store/connection_pool.hpp"
#include "server/store/worker_table.hpp"
#include "shared/wire/subjects.hpp"

namespace noetl::app {

namespace {
tl::unexpected<base::Error> unknown(const std::string& worker_id) {
  return base::failure(base::ErrorCode::not_found, "no worker is registered as '" + worker_id + "'",
                       "/worker_id");
}
}  // namespace

base::Result<wire::RegistrationAnswer> register_worker(Parts& parts,
                                                       const wire::WorkerRegistration& registration) {
  // Whatever ran under this name before does not run any more: it waits again.
  (void)free_leases(parts, registration.worker_id, "worker '" + registration.worker_id + "' registered anew");
  parts.connections.run_one([&](store::Session& session) {
    store::WorkerTable(session).register_worker(registration, parts.rules.lease);
  });
  // Its consumers are there before its first command is: a worker of a quiet pool would poll, and who scales by the lag of a
  // consumer that is missing (KEDA) takes the whole stream for it.
  parts.notifier.ensure_pool(registration.pool);
  return wire::RegistrationAnswer{
      .worker_id = registration.worker_id,
      .heartbeat_interval = parts.rules.heartbeat_interval,
      .lease = parts.rules.lease,
      .ack_wait = parts.rules.ack_wait,
      .nats_stream = parts.rules.nats_stream,
      .nats_subject = wire::commands_subject_of(registration.pool, parts.rules.nats_subject),
      .nats_consumer = wire::commands_consumer_of(registration.pool, parts.rules.nats_consumer),
      .nats_lanes = static_cast<int>(wire::lanes),
      .hands_over = true,
      .hears_claims = true};
}

base::Result<wire::HeartbeatAnswer> renew_leases(Parts& parts, const wire::Heartbeat& heartbeat) {
  wire::HeartbeatAnswer answer;
  parts.connections.run_one([&](store::Session& session) {
    answer = store::WorkerTable(session).renew(heartbeat, parts.rules.lease, {parts.ids.next()});
  });
  return answer;
}

base::Result<void> deregister_worker(Parts& parts, const std::string& worker_id) {
  bool is_known = false;
  parts.connections.run_one(
      [&](store::Session& session) { is_known = store::WorkerTable(session).stop(worker_id); });
  if (!is_known) return unknown(worker_id);
  (void)free_leases(parts, worker_id, "worker '" + worker_id + "' stopped");
  return {};
}

base::Result<void> drain_worker(Parts& parts, const std::string& worker_id) {
  bool is_known = false;
  parts.connections.run_one(
      [&](store::Session& session) { is_known = store::WorkerTable(session).ask_to_drain(worker_id); });
  if (!is_known) return unknown(worker_id);
  return {};
}

std::vector<wire::WorkerRow> list_workers(Parts& parts, const std::string& pool, const std::string& status) {
  std::vector<wire::WorkerRow> rows;
  parts.connections.run_one(
      [&](store::Session& session) { rows = store::WorkerTable(session).list(pool, status); });
  return rows;
}

}  // namespace noetl::app
