#include "tests/support/http_client.hpp"

#include <httplib.h>

#include <algorithm>

namespace noetl::support {
namespace {

using namespace std::chrono_literals;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

HttpAnswer answer_of(const httplib::Result& result, const std::string& what) {
  if (!result) throw HttpFailed(what + " failed: " + httplib::to_string(result.error()));
  HttpAnswer answer{.status = result->status, .body = result->body, .headers = {}};
  for (const auto& [name, value] : result->headers) answer.headers[lower(name)] = value;
  return answer;
}

httplib::Headers headers_of(const HttpHeaders& headers) { return {headers.begin(), headers.end()}; }

void prepare(httplib::Client& client) {
  client.set_connection_timeout(2s);
  client.set_read_timeout(40s);  // beyond the longest long poll
  client.set_write_timeout(10s);
  client.set_tcp_nodelay(true);
}

}  // namespace

nlohmann::json HttpAnswer::json() const {
  auto value = nlohmann::json::parse(body, nullptr, false);
  if (value.is_discarded()) {
    throw std::runtime_error("HTTP " + std::to_string(status) + " is no JSON: " + body.substr(0, 300));
  }
  return value;
}

std::string HttpAnswer::header(const std::string& name) const {
  const auto found = headers.find(lower(name));
  return found == headers.end() ? "" : found->second;
}

std::string HttpAnswer::code() const {
  const auto value = nlohmann::json::parse(body, nullptr, false);
  return value.is_object() ? value.value("code", "") : "";
}

HttpAnswer HttpClient::get(const std::string& path) const {
  httplib::Client client(host_, port_);
  prepare(client);
  return answer_of(client.Get(path), "GET " + path);
}

HttpAnswer HttpClient::post(const std::string& path, const nlohmann::json& body,
                            const HttpHeaders& headers) const {
  return post_raw(path, body.dump(), "application/json", headers);
}

HttpAnswer HttpClient::post_raw(const std::string& path, const std::string& body,
                                const std::string& content_type, const HttpHeaders& headers) const {
  httplib::Client client(host_, port_);
  prepare(client);
  return answer_of(client.Post(path, headers_of(headers), body, content_type), "POST " + path);
}

HttpAnswer HttpClient::remove(const std::string& path) const {
  httplib::Client client(host_, port_);
  prepare(client);
  return answer_of(client.Delete(path), "DELETE " + path);
}

}  // namespace noetl::support
