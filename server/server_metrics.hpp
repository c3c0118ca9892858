#pragma once
// What /metrics shows of a server beside its requests: the work that it has committed, the queue, and what its parts have counted.
// Called once by run_server; what it registers is read by whichever thread answers /metrics. docs/operations/monitor.md, "Metrics".
#include "server/dispatch/server_context.hpp"
#include "shared/telemetry/metrics.hpp"

namespace noetl::notify {
class JetStreamNotifier;
}
namespace noetl::postgres {
class EnqueueListener;
}
namespace noetl::upkeep {
class Upkeep;
}

namespace noetl::server {

struct Observed {  // all of it outlives the metrics' last exposition
  dispatch::ServerContext& context;
  const notify::JetStreamNotifier* notifier =
      nullptr;  // null: the server does without NATS, and an alert on NATS has nothing to look at
  upkeep::Upkeep& upkeep;
  const postgres::EnqueueListener& listener;
  bool is_insecure = false;
};

void expose_server(telemetry::Metrics& metrics, Observed observed);
// The work alone: executions by path, attempts by pool and tool.
void expose_work(telemetry::Metrics& metrics, const counts::WorkCounts& counts);

}  // namespace noetl::server
