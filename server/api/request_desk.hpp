#pragma once
// RequestDesk: from the head of a request to its reply: routes, asks the door's check, lets the handler work behind its gate, turns
// errors and exceptions into problem+json, counts and logs. It knows no socket. Any thread; one request is one call.
#include <atomic>
#include <stop_token>
#include <string>

#include "server/api/call.hpp"
#include "server/api/door_check.hpp"
#include "server/api/http_door.hpp"
#include "server/api/request_metrics.hpp"
#include "server/api/router.hpp"
#include "shared/http/application.hpp"

namespace noetl::api {

class RequestDesk final : public http::Application {
 public:
  RequestDesk(app::Parts& parts, vault::Vault& vault, const DoorSettings& settings,
              telemetry::Metrics& metrics);
  RequestDesk(const RequestDesk&) = delete;
  RequestDesk& operator=(const RequestDesk&) = delete;

  [[nodiscard]] http::Admission admit(const http::Head& head, const std::string& peer) override;
  [[nodiscard]] http::Response answer(http::Request request) override;
  [[nodiscard]] http::Response refuse(const http::Refused& refused) override;

  // From now on /readyz says no; everything is still answered.
  void leave() { is_leaving_ = true; }
  // Ends long polls.
  void stop() { stop_.request_stop(); }
  [[nodiscard]] const RequestMetrics& metrics() const { return metrics_; }

 private:
  [[nodiscard]] base::Result<Reply> handle(const Endpoint& endpoint, const Call& call);
  [[nodiscard]] base::Result<Reply> call_handler(const Endpoint& endpoint, const Call& call);
  // Takes what a Content-Encoding has packed apart.
  [[nodiscard]] base::Result<void> unpack(http::Request& request, const Endpoint& endpoint) const;
  [[nodiscard]] std::size_t body_bytes_max_of(const Endpoint& endpoint) const;
  void log_request(const Endpoint& endpoint, const http::Request& request, const Reply& reply,
                   std::chrono::nanoseconds elapsed) const;

  app::Parts& parts_;
  const DoorSettings& settings_;
  Router router_;
  DoorCheck door_;
  const schema::Checker checker_;
  RequestMetrics metrics_;
  Gates gates_;
  std::atomic<bool> is_leaving_{false};
  app::Intake intake_;
  telemetry::CountedWarning reports_of_others_;
  MinuteBudget audited_refusals_{60};
  telemetry::CountedWarning unaudited_refusals_;
  Backing backing_;
  std::stop_source stop_;
};

}  // namespace noetl::api
