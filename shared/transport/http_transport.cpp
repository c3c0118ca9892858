#include "shared/transport/http_transport.hpp"

#include <httplib.h>

#include <cstdint>

#include "shared/wire/messages/worker.hpp"

namespace noetl::transport {
namespace {

constexpr std::size_t idle_clients_max = 16;

}  // namespace

struct HttpTransport::Client {
  Client(const HttpSettings& settings, const std::string& instance) : http(settings.server_url) {
    http.set_keep_alive(true);
    http.set_tcp_nodelay(true);
    http.set_connection_timeout(settings.connect_timeout);
    http.set_write_timeout(settings.answer_timeout);
    if (!settings.token.empty()) http.set_bearer_token_auth(settings.token.c_str());
    if (!settings.tls_ca_file.empty()) http.set_ca_cert_path(settings.tls_ca_file.c_str());
    http.set_default_headers({{wire::instance_header, instance}});
  }
  httplib::Client http;
};

HttpTransport::HttpTransport(HttpSettings settings)
    : settings_(std::move(settings)), instance_(settings_.instance.empty() ? new_instance() : settings_.instance) {}
HttpTransport::~HttpTransport() = default;

std::unique_ptr<HttpTransport::Client> HttpTransport::take_client() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Client> client = std::move(idle_.back());
      idle_.pop_back();
      return client;
    }
  }
  return std::make_unique<Client>(settings_, instance_);
}

void HttpTransport::give_back(std::unique_ptr<Client> client) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < idle_clients_max) idle_.push_back(std::move(client));
}

base::Result<std::string> HttpTransport::send(const Call& call) {
  std::unique_ptr<Client> client = take_client();
  if (!client->http.is_valid())
    return base::failure(base::ErrorCode::invalid_input,
                         "server URL '" + settings_.server_url + "' is not http://host:port or https://host:port");
  client->http.set_read_timeout(settings_.answer_timeout + call.patience);
  auto result = call.verb == Verb::post  ? client->http.Post(call.path.c_str(), call.body, "application/json")
                : call.verb == Verb::get ? client->http.Get(call.path.c_str())
                                         : client->http.Delete(call.path.c_str());
  if (!result) {
    // The client is not kept: its connection is in an unknown state.
    const bool has_timed_out =
        result.error() == httplib::Error::Read || result.error() == httplib::Error::ConnectionTimeout;
    return base::failure(has_timed_out ? base::ErrorCode::timeout : base::ErrorCode::unavailable,
                         settings_.server_url + call.path + ": " + httplib::to_string(result.error()));
  }
  give_back(std::move(client));
  if (result->status >= 200 && result->status < 300) return std::move(result->body);
  return base::failure(problem_of(result->status, result->body, result->get_header_value("Retry-After")));
}

}  // namespace noetl::transport
