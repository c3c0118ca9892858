#pragma once
// run_server: the whole server from settings to exit code; what noetl-server and `noetlctl server start`
// share. Builds the parts, serves until `stop`, answers what is in flight, and returns.
#include <stop_token>

#include "shared/config/program_settings.hpp"

namespace noetl::server {

// 0 after a stop; otherwise the exit code of the error that was logged (wire/error_codes).
[[nodiscard]] int run_server(const config::ServerSettings& settings, std::stop_token stop);

}  // namespace noetl::server
