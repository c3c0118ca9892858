#pragma once
// HealthServer: a worker's own port, for whoever watches it. GET /livez: its threads turn; /readyz: it is registered and
// not draining; /metrics: what it has counted, for Prometheus. One thread of its own; nothing here touches the loop.
#include <memory>
#include <string>

#include "worker/loop/leases/settings.hpp"

namespace noetl::health {

struct HealthSettings {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any that is free
  int slots = 0;  // of the worker, told among its metrics
};

class HealthServer {
 public:
  // Answers at once. Throws std::runtime_error when the address cannot be had. `counts` must outlive it.
  HealthServer(const HealthSettings& settings, const loop::WorkerCounts& counts);
  ~HealthServer();
  HealthServer(const HealthServer&) = delete;
  HealthServer& operator=(const HealthServer&) = delete;

  [[nodiscard]] int port() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

// Prometheus' text of the counts, of `slots`, and of what the worker is at.
[[nodiscard]] std::string metrics_text(const loop::WorkerCounts& counts, int slots);

}  // namespace noetl::health
