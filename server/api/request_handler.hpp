#pragma once
// RequestHandler: from the head of a request to its reply: routes, asks the access check, lets the handler work within its limit, turns
// errors and exceptions into problem+json, counts and logs. It knows no socket. Any thread; one request is one call.
#include <atomic>
#include <stop_token>
#include <string>

#include "server/api/access_check.hpp"
#include "server/api/api_server.hpp"
#include "server/api/calls/call.hpp"
#include "server/api/routes/request_metrics.hpp"
#include "server/api/routes/router.hpp"
#include "shared/http/application.hpp"

namespace noetl::api {

class RequestHandler final : public http::Application {
 public:
  RequestHandler(dispatch::ServerContext& server, vault::Vault& vault, const ApiSettings& settings,
                 telemetry::Metrics& metrics);
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  [[nodiscard]] http::Admission admit(const http::Head& head, const std::string& peer) override;
  [[nodiscard]] http::Response answer(http::Request request) override;
  [[nodiscard]] http::Response refuse(const http::Refused& refused) override;

  // From now on /readyz says no; everything is still answered.
  void fail_readiness() { is_shutting_down_ = true; }
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

  dispatch::ServerContext& server_;
  const ApiSettings& settings_;
  Router router_;
  AccessCheck access_check_;
  const schema::Checker checker_;
  RequestMetrics metrics_;
  ConcurrencyLimits limits_;
  std::atomic<bool> is_shutting_down_{false};
  queue::SubmitBatcher submits_;
  telemetry::CountedWarning reports_of_others_;
  MinuteBudget audited_refusals_{60};
  telemetry::CountedWarning unaudited_refusals_;
  HandlerContext context_;
  std::stop_source stop_;
};

}  // namespace noetl::api
