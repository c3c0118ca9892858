#pragma once
// WorkerTable: noetl.worker and noetl.claim through one session. One thread, as long as the session.
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/store/queue/queue_table.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

// A worker's row, as far as it says who may speak for it.
struct WorkerLease {
  std::string pool;
  std::string instance;  // empty: an older worker
  bool is_alive = false;  // ready or draining, and its lease is not over
  std::chrono::milliseconds left{0};
  std::string until;  // RFC 3339

  // Does a call that shows `shown` come from the process that registered?
  [[nodiscard]] bool is_of(const std::string& shown) const { return instance.empty() || instance == shown; }
};

// Of who says to be a worker.
struct CallingWorker {
  bool is_worker = false;  // it is the process that registered under that name
  bool is_holder = false;  // and runs a command of that execution
};

// What is registered beside one that wants to be.
struct RegistrationRoom {
  std::int64_t other_pools = 0;
  std::int64_t other_workers = 0;
  bool is_pool_known = false;
};

class WorkerTable {
 public:
  explicit WorkerTable(postgres::Session& session) : session_(session) {}

  // False: another process has the name, and its lease is not over.
  [[nodiscard]] bool register_worker(const wire::WorkerRegistration& registration, std::chrono::milliseconds lease);
  // Renews all leases of the worker in one statement; is_known false when it is not registered.
  [[nodiscard]] wire::HeartbeatAnswer renew(const wire::Heartbeat& heartbeat, std::chrono::milliseconds lease,
                                            base::ClaimId claim_id);
  // False: not there, or another process has the name and its lease is not over; `by_force` looks at neither.
  [[nodiscard]] bool stop(const std::string& worker_id, const std::string& instance, bool by_force);
  [[nodiscard]] bool ask_to_drain(const std::string& worker_id);
  [[nodiscard]] std::vector<wire::WorkerRow> list(const std::string& pool, const std::string& status);
  [[nodiscard]] std::optional<WorkerLease> lease_of(const std::string& worker_id);
  [[nodiscard]] CallingWorker calling(const Caller& worker, base::ExecutionId execution_id);
  [[nodiscard]] RegistrationRoom room(const std::string& worker_id, const std::string& pool,
                                      std::chrono::milliseconds idle_time);
  // True: the pool has had a worker within that time, or has rules of its own, or commands. False: it had a worker before.
  [[nodiscard]] std::map<std::string, bool> pools_in_use(std::chrono::milliseconds idle_time);
  // Workers that ended more than a day ago, commands to workers of more than an hour ago.
  void forget_ended();

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
