#pragma once
// RequestDesk: from a parsed request to its reply: routes, reads the body within bounds, lets the handler
// work behind its gate, turns errors and exceptions into problem+json, counts and logs. It knows httplib's
// Request and Response but no socket. Any thread; one request is one call.
#include <httplib.h>

#include <atomic>
#include <functional>
#include <stop_token>

#include "server/api/call.hpp"
#include "server/api/http_door.hpp"
#include "server/api/request_metrics.hpp"
#include "server/api/router.hpp"

namespace noetl::api {

class RequestDesk {
 public:
  // `peer_of_caller`: asks whether whoever called this thread's request is still there; for as long as the request lasts.
  using PeerOfCaller = std::function<bool()> (*)();
  RequestDesk(app::Parts& parts, vault::Vault& vault, const DoorSettings& settings,
              telemetry::Metrics& metrics, PeerOfCaller peer_of_caller = nullptr);
  RequestDesk(const RequestDesk&) = delete;
  RequestDesk& operator=(const RequestDesk&) = delete;

  // Before the body is read. Nothing when the body has to be read first; then answer_with_body() follows.
  [[nodiscard]] bool answer_without_body(const httplib::Request& request, httplib::Response& response);
  // False: the body was not read to its end, so the connection cannot be used again.
  [[nodiscard]] bool answer_with_body(const httplib::Request& request, httplib::Response& response,
                                      const httplib::ContentReader& read);
  // For what cpp-httplib refuses by itself: a request line or a head that it cannot read.
  void answer_unreadable(httplib::Response& response) const;

  // From now on /readyz says no; everything is still answered.
  void leave() { is_leaving_ = true; }
  // Ends long polls.
  void stop() { stop_.request_stop(); }
  [[nodiscard]] const RequestMetrics& metrics() const { return metrics_; }

 private:
  void answer(const Route& route, const httplib::Request& request, httplib::Response& response,
              std::string body);
  [[nodiscard]] base::Result<Reply> handle(const Endpoint& endpoint, const Call& call);
  [[nodiscard]] base::Result<Reply> call_handler(const Endpoint& endpoint, const Call& call);
  [[nodiscard]] base::Result<std::string> read_body(const Endpoint& endpoint, const httplib::Request& request,
                                                    const httplib::Response& response,
                                                    const httplib::ContentReader& read);
  [[nodiscard]] std::size_t body_bytes_max_of(const Endpoint& endpoint) const;
  void log_request(const Endpoint& endpoint, const httplib::Request& request, const Reply& reply,
                   std::chrono::nanoseconds elapsed) const;

  app::Parts& parts_;
  const DoorSettings& settings_;
  const PeerOfCaller peer_of_caller_;
  Router router_;
  RequestMetrics metrics_;
  Gates gates_;
  std::atomic<bool> is_leaving_{false};
  app::Intake intake_;
  telemetry::CountedWarning reports_of_others_;
  MinuteBudget audited_refusals_{60};
  telemetry::CountedWarning unaudited_refusals_;
  Backing backing_;
  std::stop_source stop_;
  std::atomic<std::size_t> body_bytes_{0};  // of all bodies that are being read or worked on
};

}  // namespace noetl::api
