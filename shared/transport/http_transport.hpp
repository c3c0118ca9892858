#pragma once
// HttpTransport: Transport over the server's HTTP API. Connections are kept alive, one per call in progress
// (an httplib client serializes its calls), so that each calling thread has its own in effect. Any thread.
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "shared/transport/transport.hpp"

namespace noetl::transport {

struct HttpSettings {
  std::string server_url = "http://localhost:8082";  // http or https
  std::string token;  // sent as bearer token when given
  std::string tls_ca_file;  // empty: the system's authorities
  std::string instance;  // sent as wire::instance_header with every call; empty: one is made up
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds answer_timeout{15'000};  // beyond the wait of a long poll
};

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(HttpSettings settings);
  ~HttpTransport() override;
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  base::Result<wire::RegistrationAnswer> register_worker(
      const wire::WorkerRegistration& registration) override;
  base::Result<wire::HeartbeatAnswer> heartbeat(const wire::Heartbeat& heartbeat) override;
  base::Result<wire::ClaimAnswer> claim(const wire::ClaimRequest& request) override;
  base::Result<wire::ReportAnswer> report(const wire::ReportRequest& request) override;
  base::Result<wire::AheadAnswer> run_ahead(const wire::AheadRequest& request) override;
  base::Result<void> deregister(const std::string& worker_id) override;
  // The body that the server answers to GET of this path: secrets, stored results.
  [[nodiscard]] base::Result<std::string> get(const std::string& path);
  // The same to POST of a JSON body: values that running commands keep.
  [[nodiscard]] base::Result<std::string> post(const std::string& path, std::string body);

 private:
  struct Client;
  enum class Verb { post, remove, get };
  struct Call {
    Verb verb = Verb::post;
    std::string path;
    std::string body;
    std::chrono::milliseconds patience{0};
  };

  base::Result<std::string> send(const Call& call);
  std::unique_ptr<Client> take_client();
  void give_back(std::unique_ptr<Client> client);

  const HttpSettings settings_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Client>> idle_;  // guarded by mutex_; at most idle_clients_max
};

}  // namespace noetl::transport
