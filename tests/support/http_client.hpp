#pragma once
// HttpClient: JSON over HTTP to one server. Answers of any status are values; only a connection that
// fails throws, and an answer that the OpenAPI document of the server does not have. Any thread: every call is a connection of
// its own.
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace noetl::support {

struct HttpFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct HttpAnswer {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case

  // Throws with the beginning of the body when it is no JSON.
  [[nodiscard]] nlohmann::json json() const;
  [[nodiscard]] std::string header(const std::string& name) const;  // "" when missing
  [[nodiscard]] std::string code() const;  // of problem+json, or ""
};

using HttpHeaders = std::map<std::string, std::string>;

class HttpClient {
 public:
  explicit HttpClient(std::string host, int port) : host_(std::move(host)), port_(port) {}

  [[nodiscard]] HttpAnswer get(const std::string& path) const;
  [[nodiscard]] HttpAnswer post(const std::string& path, const nlohmann::json& body,
                                const HttpHeaders& headers = {}) const;
  [[nodiscard]] HttpAnswer post_raw(const std::string& path, const std::string& body,
                                    const std::string& content_type = "application/json",
                                    const HttpHeaders& headers = {}) const;
  [[nodiscard]] HttpAnswer remove(const std::string& path) const;
  [[nodiscard]] std::string url() const { return "http://" + host_ + ":" + std::to_string(port_); }

 private:
  std::string host_;
  int port_;
};

}  // namespace noetl::support
