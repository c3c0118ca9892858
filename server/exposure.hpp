#pragma once
// Exposure: may a server with these settings listen where they say? Beyond loopback only with a token, or told --insecure.
// Free functions; main thread.
#include <string>

#include "shared/base/result.hpp"
#include "shared/config/program_settings.hpp"

namespace noetl::server {

// Of sysexits.h: the configuration is the trouble.
inline constexpr int exit_configuration = 78;

// Does `host` lead to addresses of loopback alone? A name that leads nowhere does not.
[[nodiscard]] bool is_loopback_host(const std::string& host);

// Errors: forbidden, with the two lines that help.
[[nodiscard]] base::Result<void> check_exposure(const config::ServerSettings& settings);

}  // namespace noetl::server
