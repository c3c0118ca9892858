#pragma once
// The routes of workers over NATS (wire::worker_operations). Free functions; any thread.
#include <string>

#include "server/cluster/nats_requests.hpp"

namespace noetl::cluster {

// Serves every operation below `prefix`. Errors: invalid_input for a prefix that is no subject.
[[nodiscard]] base::Result<void> serve_workers(NatsRequests& requests, const std::string& prefix);

// Exposed for tests.
[[nodiscard]] base::Result<HttpForm> worker_form(const std::string& prefix, nats::Responder::Incoming& request);

}  // namespace noetl::cluster
