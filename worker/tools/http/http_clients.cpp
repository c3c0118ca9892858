#include "worker/tools/http/http_clients.hpp"

#include "shared/fetch/client.hpp"

namespace noetl::tools {

namespace {

std::string key_of(const HttpRequest& request) {
  const Url& url = request.url;
  return (url.is_tls ? "https " : "http ") + url.host + " " + std::to_string(url.port) +
         (request.is_tls_verified ? " 1 " : " 0 ") + request.ca_file + " " + request.client_cert_file + " " +
         request.client_key_file + " " + request.proxy.text() + " " + request.proxy.user + " " + request.proxy.password;
}

}  // namespace

HttpClients::HttpClients(const reach::Egress& egress) : egress_(egress) {}
HttpClients::~HttpClients() = default;

std::unique_ptr<fetch::Client> HttpClients::borrow(const HttpRequest& request) {
  const std::string key = key_of(request);
  std::list<Idle> expired;  // closed after the mutex is let go
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    while (!idle_.empty() && idle_.front().since + idle_time_max <= now)
      expired.splice(expired.end(), idle_, idle_.begin());
    for (auto idle = idle_.rbegin(); idle != idle_.rend(); ++idle) {
      if (idle->key != key) continue;
      auto client = std::move(idle->client);
      idle_.erase(std::next(idle).base());
      return client;
    }
  }
  return std::make_unique<fetch::Client>(egress_);
}

void HttpClients::give_back(const HttpRequest& request, std::unique_ptr<fetch::Client> client) {
  std::list<Idle> expired;
  const std::lock_guard lock(mutex_);
  idle_.push_back({.key = key_of(request), .client = std::move(client), .since = std::chrono::steady_clock::now()});
  if (idle_.size() > idle_max) expired.splice(expired.end(), idle_, idle_.begin());
}

}  // namespace noetl::tools
