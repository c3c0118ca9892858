#pragma once
// Workers: register, renew all leases by one heartbeat, deregister, list, drain. Any thread.
#include <string>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::queue {

// Errors: conflict, when another process has the name and its lease is not over.
[[nodiscard]] base::Result<wire::RegistrationAnswer> register_worker(dispatch::ServerContext& context,
                                                                     const wire::WorkerRegistration& registration);
// An unknown worker gets is_known = false, not an error.
[[nodiscard]] base::Result<wire::HeartbeatAnswer> renew_leases(dispatch::ServerContext& context,
                                                               const wire::Heartbeat& heartbeat);
struct Deregistration {
  std::string worker_id;
  std::string instance;  // the process that asks
  bool by_force = false;  // whoever asks
};
// Hands back what the worker still holds. Errors: not_found; conflict, when another process asks while the worker lives.
[[nodiscard]] base::Result<void> deregister_worker(dispatch::ServerContext& context, const Deregistration& request);
// Asks a worker to drain: it learns with its next heartbeat. Errors: not_found.
[[nodiscard]] base::Result<void> drain_worker(dispatch::ServerContext& context, const std::string& worker_id);
// Tells the notifier which pools are in use, and which were: consumers of the others may go.
void report_pools_in_use(dispatch::ServerContext& context);
// Registered and not older than a day. Filters may be empty.
[[nodiscard]] std::vector<wire::WorkerRow> list_workers(dispatch::ServerContext& context, const std::string& pool,
                                                        const std::string& status);

}  // namespace noetl::queue
