#pragma once
// RequestMetrics: what the API counts, made once per row of the endpoints table so that a request only
// adds to what exists. Names: docs/reference/protocol.md. Any thread.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/api/routes/endpoints.hpp"
#include "shared/telemetry/metrics.hpp"

namespace noetl::api {

class RequestMetrics {
 public:
  RequestMetrics(telemetry::Metrics& metrics, std::span<const Endpoint> table);

  void count(std::size_t endpoint, int status, std::chrono::nanoseconds elapsed) const;
  void count_unrouted() const { ++answered_->unrouted; }  // no such route, method or request line
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
  // By operation and status. Shared with what /metrics reads, which may outlive this.
  struct Answered {
    explicit Answered(std::span<const Endpoint> table);
    [[nodiscard]] std::vector<telemetry::CounterReading> read() const;

    struct Row {
      std::string operation;
      std::vector<int> statuses;
      std::size_t first = 0;  // of `counts`: one for each status, then one for any other
    };
    std::vector<Row> rows;
    std::vector<std::atomic<std::uint64_t>> counts;
    std::atomic<std::uint64_t> unrouted{0};
  };
  const std::shared_ptr<Answered> answered_;
  std::vector<telemetry::Histogram> seconds_;
  telemetry::Counter refused_connections_;
  telemetry::Counter refused_requests_;
  telemetry::Gauge in_flight_;
  telemetry::Gauge connections_;
};

}  // namespace noetl::api
