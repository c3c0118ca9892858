#pragma once
// Workers: register, renew all leases by one heartbeat, deregister, list, drain. Any thread.
#include <string>
#include <vector>

#include "server/app/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/worker.hpp"

namespace noetl::app {

// Errors: conflict, when another process has the name and its lease is not over.
[[nodiscard]] base::Result<wire::RegistrationAnswer> register_worker(
    ServerContext& context, const wire::WorkerRegistration& registration);
// An unknown worker gets is_known = false, not an error.
[[nodiscard]] base::Result<wire::HeartbeatAnswer> renew_leases(ServerContext& context,
                                                               const wire::Heartbeat& heartbeat);
struct Deregistration {
  std::string worker_id;
  std::string instance;  // the process that asks
  bool by_force = false;  // whoever asks
};
// Hands back what the worker still holds. Errors: not_found; conflict, when another process asks while the worker lives.
[[nodiscard]] base::Result<void> deregister_worker(ServerContext& context, const Deregistration& request);
// Asks a worker to drain: it learns with its next heartbeat. Errors: not_found.
[[nodiscard]] base::Result<void> drain_worker(ServerContext& context, const std::string& worker_id);
// Tells the notifier which pools are in use, and which were: consumers of the others may go.
void report_pools_in_use(ServerContext& context);
// Registered and not older than a day. Filters may be empty.
[[nodiscard]] std::vector<wire::WorkerRow> list_workers(ServerContext& context, const std::string& pool,
                                                        const std::string& status);

}  // namespace noetl::app
