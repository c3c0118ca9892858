#include "server/store/queue/worker_table.hpp"

#include <nlohmann/json.hpp>

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

bool WorkerTable::register_worker(const wire::WorkerRegistration& registration, std::chrono::milliseconds lease) {
  postgres::ArrayLiteral tools;
  for (const auto& tool : registration.tools) tools.add(tool);
  return !session_
              .run(queries::RegisterWorker{.worker_id = registration.worker_id,
                                           .pool = registration.pool,
                                           .hostname = registration.hostname,
                                           .pid = registration.pid,
                                           .slots = registration.slots,
                                           .version = registration.version,
                                           .tools = tools.text(),
                                           .labels = registration.labels,
                                           .lease_ms = static_cast<std::int64_t>(lease.count()),
                                           .instance = registration.instance})
              .empty();
}

wire::HeartbeatAnswer WorkerTable::renew(const wire::Heartbeat& heartbeat, std::chrono::milliseconds lease,
                                         base::ClaimId claim_id) {
  postgres::ArrayLiteral ids, epochs, confirmed;
  for (const auto& held : heartbeat.held) {
    ids.add(held.queue_id.value);
    epochs.add(held.epoch);
  }
  for (const auto& claim : heartbeat.confirmed_claim_ids) confirmed.add(claim.value);
  wire::HeartbeatAnswer answer{.is_known = false, .lost = {}, .cancelled = {}};
  for (const auto& row : session_.run(queries::RenewLeases{.worker_id = heartbeat.worker_id,
                         .held_ids = ids.text(),
                         .held_epochs = epochs.text(),
                         .running = heartbeat.running,
                         .lease_ms = static_cast<std::int64_t>(lease.count()),
                         .frees_unconfirmed = !heartbeat.has_claim_in_flight,
                         .status = heartbeat.status,
                         .claim_id = claim_id.value,
                         .confirmed_claims = confirmed.text(),
                         .instance = heartbeat.instance})) {
    const std::string_view kind = row["kind"].c_str();
    const base::CommandId queue_id{row["queue_id"].as<std::int64_t>()};
    if (kind == "known") {
      answer.is_known = true;
      answer.should_drain = row["should_drain"].as<bool>();
      answer.is_paused = row["is_paused"].as<bool>();
      answer.has_commands = row["has_commands"].as<bool>();
    } else if (kind == "cancelled") {
      answer.cancelled.push_back(queue_id);
    } else {
      answer.lost.push_back(queue_id);
    }
  }
  return answer;
}

bool WorkerTable::stop(const std::string& worker_id, const std::string& instance, bool by_force) {
  return !session_.run(queries::StopWorker{.worker_id = worker_id, .instance = instance, .by_force = by_force}).empty();
}

bool WorkerTable::ask_to_drain(const std::string& worker_id) {
  return !session_.run(queries::AskToDrain{.worker_id = worker_id}).empty();
}

std::vector<wire::WorkerRow> WorkerTable::list(const std::string& pool, const std::string& status) {
  std::vector<wire::WorkerRow> found;
  for (const auto& row : session_.run(queries::ListWorkers{.pool = pool, .status = status})) {
    wire::WorkerRow worker;
    worker.registration.worker_id = postgres::text_of(row["worker_id"]);
    worker.registration.pool = postgres::text_of(row["pool"]);
    worker.registration.hostname = postgres::text_of(row["hostname"]);
    worker.registration.pid = row["pid"].as<std::int64_t>();
    worker.registration.slots = row["slots"].as<int>();
    worker.registration.version = postgres::text_of(row["version"]);
    worker.registration.tools = nlohmann::json::parse(row["tools"].c_str()).get<std::vector<std::string>>();
    worker.registration.labels = postgres::text_of(row["labels"]);
    worker.status = postgres::text_of(row["status"]);
    worker.running = row["running"].as<int>();
    worker.registered_at = postgres::text_of(row["registered_at"]);
    worker.heartbeat_at = postgres::text_of(row["heartbeat_at"]);
    found.push_back(std::move(worker));
  }
  return found;
}

std::optional<WorkerLease> WorkerTable::lease_of(const std::string& worker_id) {
  const auto rows = session_.run(queries::WorkerLease{.worker_id = worker_id});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  return WorkerLease{.pool = postgres::text_of(row["pool"]),
                     .instance = postgres::text_of(row["instance"]),
                     .is_alive = row["is_alive"].as<bool>(),
                     .left = std::chrono::milliseconds{row["left_ms"].as<std::int64_t>()},
                     .until = postgres::text_of(row["until"])};
}

CallingWorker WorkerTable::calling(const Caller& worker, base::ExecutionId execution_id) {
  const auto rows = session_.run(queries::WorkerOfCall{
      .worker_id = worker.worker_id, .instance = worker.instance, .execution_id = execution_id.value});
  if (rows.empty() || !rows[0]["is_worker"].as<bool>()) return {};
  return {.is_worker = true, .is_holder = rows[0]["is_holder"].as<bool>()};
}

RegistrationRoom WorkerTable::room(const std::string& worker_id, const std::string& pool,
                                   std::chrono::milliseconds idle_time) {
  const auto rows =
      session_.run(queries::RegistrationRoom{.worker_id = worker_id, .pool = pool, .idle_ms = idle_time.count()});
  return {.other_pools = rows[0]["other_pools"].as<std::int64_t>(),
          .other_workers = rows[0]["other_workers"].as<std::int64_t>(),
          .is_pool_known = rows[0]["is_known"].as<bool>()};
}

std::map<std::string, bool> WorkerTable::pools_in_use(std::chrono::milliseconds idle_time) {
  std::map<std::string, bool> pools;
  for (const auto& row : session_.run(queries::PoolsInUse{.idle_ms = idle_time.count()}))
    pools[postgres::text_of(row[0])] = row[1].as<bool>();
  return pools;
}

void WorkerTable::forget_ended() {
  session_.run(queries::ForgetWorkers{});
  session_.run(queries::ForgetWorkerCommands{});
}

}  // namespace noetl::store
