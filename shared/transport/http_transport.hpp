#pragma once
// HttpTransport: the server's API over HTTP. Connections are kept alive, one per call in progress
// (an httplib client serializes its calls), so that each calling thread has its own in effect. Any thread.
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "shared/transport/api_transport.hpp"

namespace noetl::transport {

struct HttpSettings {
  std::string server_url = "http://localhost:8082";  // http or https
  std::string token;  // sent as bearer token when given
  std::string tls_ca_file;  // empty: the system's authorities
  std::string instance;  // sent as wire::instance_header with every call; empty: one is made up
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds answer_timeout{15'000};  // beyond the wait of a long poll
};

class HttpTransport final : public ApiTransport {
 public:
  explicit HttpTransport(HttpSettings settings);
  ~HttpTransport() override;
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

 private:
  struct Client;
  base::Result<std::string> send(const Call& call) override;
  std::unique_ptr<Client> take_client();
  void give_back(std::unique_ptr<Client> client);

  const HttpSettings settings_;
  const std::string instance_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Client>> idle_;  // guarded by mutex_; at most idle_clients_max
};

}  // namespace noetl::transport
