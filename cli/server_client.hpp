#pragma once
// ServerClient: noetlctl's calls to the server. Repeats what was refused with 503 after the time that the
// server asks for, spread by jitter; everything else is answered once. The only way to httplib here.
// One thread at a time.
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/config/program_settings.hpp"

namespace noetl::cli {

struct Call {
  std::string method;  // GET, POST, DELETE
  std::string path;  // with its query
  std::optional<nlohmann::json> body = {};
  std::map<std::string, std::string> headers = {};
};

// Who said where the server is.
struct ServerChoice {
  std::string said_by;  // "NOETL_SERVER_URL"; for the message when nobody answers there
  std::optional<base::Error> problem = {};  // why it is not known: every call gives it
};

class ServerClient {
 public:
  ServerClient(const config::ClientSettings& settings, std::stop_token stop, ServerChoice choice = {})
      : settings_(settings), stop_(std::move(stop)), choice_(std::move(choice)) {}

  // The answer's JSON. Errors: what the server's problem+json says; unavailable when it is not reached.
  [[nodiscard]] base::Result<nlohmann::json> call(const Call& call) const;
  [[nodiscard]] base::Result<nlohmann::json> get(const std::string& path) const { return call({"GET", path}); }
  [[nodiscard]] base::Result<nlohmann::json> post(const std::string& path, nlohmann::json body) const {
    return call({"POST", path, std::move(body)});
  }

 private:
  const config::ClientSettings& settings_;
  const std::stop_token stop_;
  const ServerChoice choice_;
};

// "http://host:8082/prefix" → {"http://host:8082", "/prefix"}; errors name what is wrong.
struct ServerAddress {
  std::string origin;
  std::string prefix;  // without a slash at the end
};
[[nodiscard]] base::Result<ServerAddress> parse_server_url(std::string_view url);

}  // namespace noetl::cli
