#pragma once
// OverNats: what the server answers on NATS beside its notifications: workers, requests for executions, health, discovery. Lives between
// the application's start and its end; one thread. NATS may be away, or refuse the login.
#include <cstdint>
#include <functional>
#include <optional>

#include "shared/config/program_settings.hpp"
#include "shared/http/application.hpp"
#include "shared/service/lasting.hpp"

namespace noetl::server {

class OverNats {
 public:
  // `connections`: that are open to the HTTP side. Without NATS it does nothing. Throws std::runtime_error on settings that can
  // never work.
  OverNats(const config::ServerSettings& settings, http::Application& application, int port,
           std::function<std::int64_t()> connections);

 private:
  std::optional<service::Lasting> lasting_;
};

}  // namespace noetl::server
