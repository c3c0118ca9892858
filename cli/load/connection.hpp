#pragma once
// Connection: one kept connection to a server, unlike ServerClient's, which are made for each call: what is measured shall be
// the server. The only way to httplib in this folder. One thread at a time.
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>

#include "shared/base/result.hpp"

namespace httplib {
class Client;
}

namespace noetl::load {

struct Target {
  std::string origin;  // http://host:port
  std::string prefix = {};  // before every path
  std::string token = {};  // empty: none
  std::string ca_file = {};  // empty: the system's authorities
  std::chrono::milliseconds timeout{60'000};
  int retries = 0;  // of what is refused with 503, after the time that the server asks for
};

class Connection {
 public:
  Connection(const Target& target, std::stop_token stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The text of an answer with 2xx. Errors: the server's own; unavailable when there is no answer; cancelled when it was
  // asked to stop.
  [[nodiscard]] base::Result<std::string> post(const std::string& path, const std::string& body);
  [[nodiscard]] base::Result<nlohmann::json> get(const std::string& path);
  // How often it was told to come again.
  [[nodiscard]] std::size_t refusals() const { return refusals_; }

 private:
  enum class Verb { get, post };
  [[nodiscard]] base::Result<std::string> call(Verb verb, const std::string& path, const std::string& body);

  const Target target_;
  const std::stop_token stop_;
  const std::unique_ptr<httplib::Client> client_;
  std::size_t refusals_ = 0;
};

}  // namespace noetl::load
