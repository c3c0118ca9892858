#pragma once
// Workers: register, renew all leases by one heartbeat, deregister, list, drain. Any thread.
#include <string>
#include <vector>

#include "server/app/parts.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/worker.hpp"

namespace noetl::app {

[[nodiscard]] base::Result<wire::RegistrationAnswer> register_worker(
    Parts& parts, const wire::WorkerRegistration& registration);
// An unknown worker gets is_known = false, not an error.
[[nodiscard]] base::Result<wire::HeartbeatAnswer> renew_leases(Parts& parts,
                                                               const wire::Heartbeat& heartbeat);
// Hands back what the worker still holds. Errors: not_found.
[[nodiscard]] base::Result<void> deregister_worker(Parts& parts, const std::string& worker_id);
// Asks a worker to drain: it learns with its next heartbeat. Errors: not_found.
[[nodiscard]] base::Result<void> drain_worker(Parts& parts, const std::string& worker_id);
// Registered and not older than a day. Filters may be empty.
[[nodiscard]] std::vector<wire::WorkerRow> list_workers(Parts& parts, const std::string& pool,
                                                        const std::string& status);

}  // namespace noetl::app
