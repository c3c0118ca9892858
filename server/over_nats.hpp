#pragma once
// OverNats: what the server answers on NATS beside its notifications: workers, requests for executions, health, discovery,
// and the settings that it reads there. Lives between
// the application's start and its end; one thread. NATS may be away, or refuse the login.
#include <cstdint>
#include <functional>
#include <optional>

#include "shared/config/program_settings.hpp"
#include "shared/http/application.hpp"
#include "shared/service/config_keys.hpp"
#include "shared/service/lasting.hpp"

namespace noetl::server {

struct OverNatsParts {
  http::Application& application;
  int port = 0;
  std::function<std::int64_t()> connections;  // that are open to the HTTP side
  std::function<void(const service::ConfigKeys&)> apply_config;  // the keys of the configuration bucket
};

class OverNats {
 public:
  // Without NATS it does nothing. Throws std::runtime_error on settings that can never work.
  OverNats(const config::ServerSettings& settings, OverNatsParts parts);

 private:
  std::optional<service::Lasting> lasting_;
};

}  // namespace noetl::server
