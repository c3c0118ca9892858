#pragma once
// Transport: how a worker reaches the server. Every call waits for the answer; unavailable or timeout means that it
// is not known whether the server acted, and that the same call may be made again. Any thread.
#include <string>

#include "shared/base/result.hpp"
#include "shared/wire/messages/ahead.hpp"
#include "shared/wire/messages/claim.hpp"
#include "shared/wire/messages/report.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::transport {

class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual base::Result<wire::RegistrationAnswer> register_worker(
      const wire::WorkerRegistration& registration) = 0;
  [[nodiscard]] virtual base::Result<wire::HeartbeatAnswer> heartbeat(const wire::Heartbeat& heartbeat) = 0;
  [[nodiscard]] virtual base::Result<wire::ClaimAnswer> claim(const wire::ClaimRequest& request) = 0;
  [[nodiscard]] virtual base::Result<wire::ReportAnswer> report(const wire::ReportRequest& request) = 0;
  [[nodiscard]] virtual base::Result<wire::AheadAnswer> run_ahead(const wire::AheadRequest& request) = 0;
  [[nodiscard]] virtual base::Result<void> deregister(const std::string& worker_id) = 0;
};

}  // namespace noetl::transport
