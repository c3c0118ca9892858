#pragma once
// WorkerTable: noetl.worker and noetl.claim through one session. One thread, as long as the session.
#include <chrono>
#include <string>
#include <vector>

#include "shared/wire/worker.hpp"

namespace noetl::store {

class Session;

class WorkerTable {
 public:
  explicit WorkerTable(Session& session) : session_(session) {}

  void register_worker(const wire::WorkerRegistration& registration, std::chrono::milliseconds lease);
  // Renews all leases of the worker in one statement; is_known false when it is not registered.
  [[nodiscard]] wire::HeartbeatAnswer renew(const wire::Heartbeat& heartbeat, std::chrono::milliseconds lease,
                                            base::ClaimId claim_id);
  [[nodiscard]] bool stop(const std::string& worker_id);
  [[nodiscard]] bool ask_to_drain(const std::string& worker_id);
  [[nodiscard]] std::vector<wire::WorkerRow> list(const std::string& pool, const std::string& status);
  // Registered, not stopped, and its lease has not run out.
  [[nodiscard]] bool is_alive(const std::string& worker_id);

 private:
  Session& session_;
};

}  // namespace noetl::store
