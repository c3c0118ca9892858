#include "worker/tools/http_clients.hpp"

#include <httplib.h>

namespace noetl::tools {

namespace {

std::string key_of(const HttpRequest& request) {
  const Url& url = request.url;
  return (url.is_tls ? "https " : "http ") + url.host + " " + std::to_string(url.port) +
         (request.is_tls_verified ? " 1 " : " 0 ") + request.ca_file + " " + request.client_cert_file + " " +
         request.client_key_file + " " + request.proxy.text() + " " + request.proxy.user + " " +
         request.proxy.password;
}

std::shared_ptr<httplib::ClientImpl> new_client(const HttpRequest& request) {
  std::shared_ptr<httplib::ClientImpl> client;
  if (request.url.is_tls) {
    auto secure =
        request.client_cert_file.empty()
            ? std::make_shared<httplib::SSLClient>(request.url.host, request.url.port)
            : std::make_shared<httplib::SSLClient>(request.url.host, request.url.port,
                                                   request.client_cert_file, request.client_key_file);
    secure->enable_server_certificate_verification(request.is_tls_verified);
    if (!request.ca_file.empty()) secure->set_ca_cert_path(request.ca_file);
    client = std::move(secure);
  } else {
    client = std::make_shared<httplib::ClientImpl>(request.url.host, request.url.port);
  }
  if (!request.proxy.host.empty()) {
    client->set_proxy(request.proxy.host, request.proxy.port);
    if (!request.proxy.user.empty()) client->set_proxy_basic_auth(request.proxy.user, request.proxy.password);
  }
  client->set_keep_alive(true);
  client->set_tcp_nodelay(true);
  client->set_decompress(true);
  client->set_url_encode(false);  // the target is encoded already, and its '+' and ',' are meant
  return client;
}

}  // namespace

HttpClients::Lent HttpClients::borrow(const HttpRequest& request, bool must_be_new) {
  const std::string key = key_of(request);
  std::list<Idle> expired;  // closed after the mutex is let go
  if (!must_be_new) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    while (!idle_.empty() && idle_.front().since + idle_time_max <= now)
      expired.splice(expired.end(), idle_, idle_.begin());
    for (auto idle = idle_.rbegin(); idle != idle_.rend(); ++idle) {
      if (idle->key != key) continue;
      Lent lent{.client = std::move(idle->client), .is_reused = true};
      idle_.erase(std::next(idle).base());
      return lent;
    }
  }
  return {.client = new_client(request), .is_reused = false};
}

void HttpClients::give_back(const HttpRequest& request, Lent lent) {
  if (lent.client->is_socket_open() == 0) return;
  std::list<Idle> expired;
  const std::lock_guard lock(mutex_);
  idle_.push_back(
      {.key = key_of(request), .client = std::move(lent.client), .since = std::chrono::steady_clock::now()});
  if (idle_.size() > idle_max) expired.splice(expired.end(), idle_, idle_.begin());
}

}  // namespace noetl::tools
