#include "server/api/api_server.hpp"

#include <atomic>
#include <csignal>

#include "server/api/request_handler.hpp"
#include "shared/http/server.hpp"

namespace noetl::api {
namespace {

http::ServerSettings server_settings(const ApiSettings& settings) {
  return {.host = settings.host,
          .port = settings.port,
          .threads_max = settings.threads_max,
          .requests_waiting_max = settings.requests_waiting_max,
          .body_bytes_in_memory_max = settings.body_bytes_in_memory_max,
          .loop = {.connections_max = settings.connections_max,
                   .connections_per_address_max = settings.connections_per_address_max},
          .connection = {.keep_alive = settings.keep_alive, .requests_max = settings.requests_per_connection_max}};
}

}  // namespace

class ApiServer::State {
 public:
  State(dispatch::ServerContext& server, vault::Vault& vault, ApiSettings settings, telemetry::Metrics& metrics)
      : settings_(std::move(settings)),
        handler_(server, vault, settings_, metrics),
        server_(handler_, server_settings(settings_),
                {.connections =
                     [this](int change) {
                       connections_ += change;
                       handler_.metrics().connections(change);
                     },
                 .refused = [this] { handler_.metrics().refused_connection(); }}) {}

  int bind() { return server_.bind(); }
  void serve() { server_.serve(); }
  void fail_readiness() { handler_.fail_readiness(); }
  http::Application& application() { return handler_; }
  [[nodiscard]] std::int64_t connections() const { return connections_; }
  void stop() {
    handler_.fail_readiness();
    handler_.stop();
    server_.stop();
  }

 private:
  std::atomic<std::int64_t> connections_{0};
  const ApiSettings settings_;
  RequestHandler handler_;
  http::Server server_;  // last: its threads use the handler
};

ApiServer::ApiServer(dispatch::ServerContext& server, vault::Vault& vault, ApiSettings settings,
                     telemetry::Metrics& metrics)
    : state_(std::make_unique<State>(server, vault, std::move(settings), metrics)) {
  // A peer that is gone shows as a failed write, not as a signal.
  std::signal(SIGPIPE, SIG_IGN);
}

ApiServer::~ApiServer() = default;

int ApiServer::bind() { return state_->bind(); }
void ApiServer::serve() { state_->serve(); }
void ApiServer::fail_readiness() { state_->fail_readiness(); }
void ApiServer::stop() { state_->stop(); }
std::int64_t ApiServer::connections() const { return state_->connections(); }
http::Application& ApiServer::application() { return state_->application(); }

}  // namespace noetl::api
