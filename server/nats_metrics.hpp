#pragma once
// The server's metrics of its connections to NATS: messages, failures, sizes, lag and subscriptions.
#include "shared/telemetry/metrics.hpp"

namespace noetl::server {

// Of the whole process, whichever of its connections.
void expose_traffic(telemetry::Metrics& metrics);

}  // namespace noetl::server
