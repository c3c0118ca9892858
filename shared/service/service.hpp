#pragma once
// Service: how a program shows itself on NATS: health and discovery by request, an announcement and a heartbeat every interval, and NATS'
// service protocol (ADR-32), so that `nats micro ls`, `info` and `stats` know it. The connection must outlive it. Callbacks are called
// on threads of the service.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/nats/connection.hpp"
#include "shared/nats/requests/responder.hpp"
#include "shared/service/process_usage.hpp"

namespace noetl::service {

struct EndpointCounts {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t processing_ns = 0;  // of all requests together
};

struct Endpoint {
  std::string name;
  std::string subject;
  std::string queue_group;
  std::function<EndpointCounts()> counts;  // empty: it counts nothing
};

struct Health {
  bool is_healthy = true;
  std::string status = "healthy";
  std::int64_t active_connections = 0;
};

struct Settings {
  std::string name;  // noetl-server
  std::string id;  // of this process: one token of a subject
  std::string version;  // x.y.z
  std::string description;
  std::vector<std::string> capabilities = {};
  std::vector<Endpoint> endpoints = {};
  std::function<Health()> health;
  std::chrono::milliseconds interval{10'000};  // of announcements and heartbeats
};

// Every other character than letters, digits, '-' and '_' becomes '_'.
[[nodiscard]] std::string token_of(std::string_view text);

class Service {
 public:
  // Errors: as subscribe() has them.
  [[nodiscard]] static base::Result<std::unique_ptr<Service>> start(nats::Connection& connection, Settings settings);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

 private:
  Service(nats::Connection& connection, Settings settings);
  using Body = std::string (Service::*)() const;
  [[nodiscard]] base::Result<void> serve(const std::string& subject, bool is_shared, Body body);
  [[nodiscard]] base::Result<void> serve_all();
  void announce(const std::stop_token& stop);
  [[nodiscard]] std::string beat(const Usage& usage) const;
  [[nodiscard]] std::string health() const;
  [[nodiscard]] std::string pod_health() const;
  [[nodiscard]] std::string discovery() const;
  [[nodiscard]] std::string ping() const;
  [[nodiscard]] std::string info() const;
  [[nodiscard]] std::string stats() const;

  nats::Connection& connection_;
  const Settings settings_;
  const std::string started_at_;
  std::vector<std::unique_ptr<nats::Responder>> responders_;
  std::jthread announcing_;  // last: it uses the others
};

}  // namespace noetl::service
