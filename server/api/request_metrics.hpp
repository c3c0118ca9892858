#pragma once
// RequestMetrics: what the door counts, made once per row of the endpoints table so that a request only
// adds to what exists. Names: docs/protocol.md. Any thread.
#include <chrono>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/endpoints.hpp"
#include "shared/telemetry/metrics.hpp"

namespace noetl::api {

class RequestMetrics {
 public:
  RequestMetrics(telemetry::Metrics& metrics, std::span<const Endpoint> table);

  void count(std::size_t endpoint, int status, std::chrono::nanoseconds elapsed) const;
  void count_unrouted() const { unrouted_.add(); }  // no such route, method or request line
  void refused_connection() const { refused_connections_.add(); }
  void refused_request() const { refused_requests_.add(); }

  class Inside {
   public:
    explicit Inside(const telemetry::Gauge& gauge) : gauge_(gauge) { gauge_.add(1); }
    ~Inside() { gauge_.add(-1); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    const telemetry::Gauge gauge_;
  };
  [[nodiscard]] Inside request() const { return Inside(in_flight_); }
  void connections(int change) const { connections_.add(change); }

 private:
  struct Row {
    std::vector<std::pair<int, telemetry::Counter>> by_status;
    telemetry::Counter other;
    telemetry::Histogram seconds;
  };
  std::vector<Row> rows_;
  telemetry::Counter unrouted_;
  telemetry::Counter refused_connections_;
  telemetry::Counter refused_requests_;
  telemetry::Gauge in_flight_;
  telemetry::Gauge connections_;
};

}  // namespace noetl::api
