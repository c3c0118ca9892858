#include "server/api/http_door.hpp"

#include <csignal>

#include "server/api/request_desk.hpp"
#include "shared/http/server.hpp"

namespace noetl::api {
namespace {

http::ServerSettings server_settings(const DoorSettings& settings) {
  return {.host = settings.host,
          .port = settings.port,
          .threads_max = settings.threads_max,
          .requests_waiting_max = settings.requests_waiting_max,
          .body_bytes_in_memory_max = settings.body_bytes_in_memory_max,
          .loop = {.connections_max = settings.connections_max,
                   .connections_per_address_max = settings.connections_per_address_max},
          .connection = {.keep_alive = settings.keep_alive,
                         .requests_max = settings.requests_per_connection_max}};
}

}  // namespace

class HttpDoor::State {
 public:
  State(app::Parts& parts, vault::Vault& vault, DoorSettings settings, telemetry::Metrics& metrics)
      : settings_(std::move(settings)),
        desk_(parts, vault, settings_, metrics),
        server_(desk_, server_settings(settings_),
                {.connections = [this](int change) { desk_.metrics().connections(change); },
                 .refused = [this] { desk_.metrics().refused_connection(); }}) {}

  int bind() { return server_.bind(); }
  void serve() { server_.serve(); }
  void leave() { desk_.leave(); }
  void stop() {
    desk_.leave();
    desk_.stop();
    server_.stop();
  }

 private:
  const DoorSettings settings_;
  RequestDesk desk_;
  http::Server server_;  // last: its threads use the desk
};

HttpDoor::HttpDoor(app::Parts& parts, vault::Vault& vault, DoorSettings settings, telemetry::Metrics& metrics)
    : state_(std::make_unique<State>(parts, vault, std::move(settings), metrics)) {
  // A peer that is gone shows as a failed write, not as a signal.
  std::signal(SIGPIPE, SIG_IGN);
}

HttpDoor::~HttpDoor() = default;

int HttpDoor::bind() { return state_->bind(); }
void HttpDoor::serve() { state_->serve(); }
void HttpDoor::leave() { state_->leave(); }
void HttpDoor::stop() { state_->stop(); }

}  // namespace noetl::api
