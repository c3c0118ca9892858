#include "tests/support/http_client.hpp"

#include <httplib.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "tests/support/answer_check.hpp"

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

// Of the server at this port; null when it has no document. Asked for once, or again when it did not answer.
std::shared_ptr<const AnswerCheck> check_of(const std::string& host, int port) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const AnswerCheck>> checks;
  const std::string place = host + ":" + std::to_string(port);
  const std::lock_guard lock(mutex);
  if (const auto known = checks.find(place); known != checks.end()) return known->second;
  httplib::Client client(host, port);
  client.set_connection_timeout(2s);
  client.set_read_timeout(5s);
  const auto result = client.Get("/openapi.json");
  if (!result || result->status >= 500) return nullptr;
  const auto document = nlohmann::json::parse(result->body, nullptr, false);
  const bool is_ours = result->status == 200 && document.is_object() && document.contains("openapi");
  return checks[place] = is_ours ? std::make_shared<const AnswerCheck>(document) : nullptr;
}

void check(const std::string& host, int port, const std::string& method, const std::string& target,
           const HttpAnswer& answer) {
  const auto checking = check_of(host, port);
  if (!checking) return;
  const auto wrong = checking->wrong({.method = method,
                                      .target = target,
                                      .status = answer.status,
                                      .content_type = answer.header("Content-Type"),
                                      .body = answer.body});
  if (!wrong.empty()) throw std::runtime_error(wrong);
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
  auto answer = answer_of(client.Get(path), "GET " + path);
  check(host_, port_, "GET", path, answer);
  return answer;
}

HttpAnswer HttpClient::post(const std::string& path, const nlohmann::json& body, const HttpHeaders& headers) const {
  return post_raw(path, body.dump(), "application/json", headers);
}

HttpAnswer HttpClient::post_raw(const std::string& path, const std::string& body, const std::string& content_type,
                                const HttpHeaders& headers) const {
  httplib::Client client(host_, port_);
  prepare(client);
  auto answer = answer_of(client.Post(path, headers_of(headers), body, content_type), "POST " + path);
  check(host_, port_, "POST", path, answer);
  return answer;
}

HttpAnswer HttpClient::remove(const std::string& path) const {
  httplib::Client client(host_, port_);
  prepare(client);
  auto answer = answer_of(client.Delete(path), "DELETE " + path);
  check(host_, port_, "DELETE", path, answer);
  return answer;
}

}  // namespace noetl::support
