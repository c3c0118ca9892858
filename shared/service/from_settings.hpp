#pragma once
// Settings of a program as settings of its connections to NATS and of its service there. Pure; any thread.
#include <string>

#include "shared/config/program_settings.hpp"
#include "shared/nats/connection.hpp"
#include "shared/service/service.hpp"

namespace noetl::service {

// `name`: what nats-server shows of the connection.
[[nodiscard]] nats::ConnectionSettings nats_settings(const config::NatsAddress& address, std::string name);

// `own` with the name, version and description that the operator has given instead.
[[nodiscard]] Settings identified(Settings own, const config::ServiceIdentity& identity);

}  // namespace noetl::service
