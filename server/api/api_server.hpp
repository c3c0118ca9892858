#pragma once
// ApiServer: the server's HTTP side. bind() and serve() belong to one thread; stop() may be called from any
// and makes serve() return after what is in flight was answered. Context, vault and metrics must outlive it.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "server/api/access_check.hpp"
#include "server/dispatch/server_context.hpp"
#include "server/vault/vault.hpp"
#include "shared/http/application.hpp"
#include "shared/telemetry/metrics.hpp"

namespace noetl::api {

struct ApiSettings {
  std::string host = "127.0.0.1";
  int port = 8082;  // 0: any that is free
  std::string version = "dev";
  AccessSettings access = {};
  std::size_t threads_max = 256;  // requests answered at once: one thread each
  std::size_t requests_waiting_max = 128;  // for a thread; more are refused with 503
  std::size_t connections_max = 4096;
  std::size_t connections_per_address_max = 1024;  // of an address beyond loopback
  std::size_t in_flight_max = 64;  // requests that work at once
  std::size_t in_flight_waiting_max = 256;
  std::size_t batch_submits_max = 32;  // of those that bring new work
  std::chrono::milliseconds in_flight_patience{1'000};
  std::size_t long_polls_max = 192;  // claims that wait at once
  std::size_t body_bytes_max = 8UL * 1024 * 1024;  // of one request; routes with small bodies allow less
  std::size_t report_bytes_max = 64UL * 1024 * 1024;  // of reports, which carry results
  std::size_t body_bytes_in_memory_max = 512UL * 1024 * 1024;  // of all requests together
  std::chrono::milliseconds keep_alive{75'000};
  std::size_t requests_per_connection_max = 1'000'000;
  std::chrono::milliseconds slow_request{1'000};  // logged as a warning above this
};

class ApiServer {
 public:
  ApiServer(dispatch::ServerContext& server, vault::Vault& vault, ApiSettings settings, telemetry::Metrics& metrics);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Returns the port. Throws std::runtime_error when the address cannot be had.
  int bind();
  // Serves until stop().
  void serve();
  // From now on /readyz says no; everything is answered as before. For who asked to stop, some time before stop().
  void fail_readiness();
  void stop();
  [[nodiscard]] std::int64_t connections() const;  // open now
  // What answers: for who answers requests that come by another way, and ends before this object and after stop().
  [[nodiscard]] http::Application& application();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace noetl::api
