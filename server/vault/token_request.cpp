#include "server/vault/token_request.hpp"

#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "shared/base/percent.hpp"
#include "shared/domain/json_text.hpp"

namespace noetl::vault {
namespace {

using base::ErrorCode;
using Json = nlohmann::json;

constexpr std::chrono::seconds connect_timeout{5};
constexpr std::chrono::seconds answer_timeout{10};
constexpr std::size_t answer_bytes_max = 1024 * 1024;

// Ends a connection when its time is over: the client's own timeouts are for one read each.
class ConnectionEnd {
 public:
  explicit ConnectionEnd(std::chrono::milliseconds time)
      : watcher_([this, at = std::chrono::steady_clock::now() + time](const std::stop_token& stop) {
          watch(at, stop);
        }) {}
  ConnectionEnd(const ConnectionEnd&) = delete;
  ConnectionEnd& operator=(const ConnectionEnd&) = delete;
  ~ConnectionEnd() {
    watcher_.request_stop();
    watcher_.join();
    if (socket_ >= 0) close(socket_);
  }

  // The one that is being made; called again when its first address did not answer.
  void set_socket(int socket) {
    const std::lock_guard lock(mutex_);
    if (socket_ >= 0) close(socket_);
    socket_ = dup(socket);  // of our own: the number of the client's may soon be another connection's
    if (is_over_) shutdown(socket_, SHUT_RDWR);
  }
  [[nodiscard]] bool is_over() const { return is_over_; }

 private:
  void watch(std::chrono::steady_clock::time_point at, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    std::condition_variable_any never;
    never.wait_until(lock, stop, at, [] { return false; });
    if (stop.stop_requested()) return;
    is_over_ = true;
    if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
  }

  std::mutex mutex_;
  int socket_ = -1;  // guarded by mutex_
  std::atomic<bool> is_over_{false};
  std::jthread watcher_;  // last: it uses all of the above
};

struct Address {
  std::string origin;  // scheme://host:port
  std::string path;
  std::string query;  // with its '?', or empty
};

std::optional<Address> split_url(const std::string& url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return std::nullopt;
  const std::string scheme = url.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  const auto path_begin = url.find_first_of("/?#", scheme_end + 3);
  Address address{.origin = url.substr(0, path_begin), .path = "/", .query = {}};
  // A password in the URL would be sent, but also shown: there are options for it.
  if (address.origin.size() == scheme_end + 3 || address.origin.find('@') != std::string::npos)
    return std::nullopt;
  if (path_begin == std::string::npos) return address;
  std::string rest = url.substr(path_begin, url.find('#', path_begin) - path_begin);
  const auto query = rest.find('?');
  if (query != std::string::npos) address.query = rest.substr(query);
  rest = rest.substr(0, query);
  if (!rest.empty()) address.path = rest;
  return address;
}

// OAuth's error codes are words ("invalid_client"); anything else may echo what was sent.
std::string oauth_error_of(const std::string& body) {
  const Json answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("error") || !answer["error"].is_string()) return {};
  const auto& code = answer["error"].get_ref<const std::string&>();
  const bool is_word = code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || c == '_';
                       });
  return is_word && !code.empty() ? ", error '" + code + "'" : std::string{};
}

httplib::Request request_of(const TokenRequest& request, const Address& address) {
  httplib::Request made;
  made.method = request.method;
  made.path = address.path + address.query;
  if (!request.params.empty()) made.path += (address.query.empty() ? "?" : "&") + encode_form(request.params);
  made.headers.emplace("Accept", "application/json");
  std::string content_type = request.json ? "application/json" : "application/x-www-form-urlencoded";
  for (const auto& [name, value] : request.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (lower == "content-type")
      content_type = value;
    else
      made.headers.emplace(name, value);
  }
  if (request.json)
    made.body = domain::json_text(*request.json);
  else
    made.body = encode_form(request.form);
  if (!made.body.empty()) made.headers.emplace("Content-Type", content_type);
  return made;
}

}  // namespace

std::string encode_form(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields)
    text += (text.empty() ? "" : "&") + base::percent_encoded(name) + "=" + base::percent_encoded(value);
  return text;
}

base::Result<Json> request_token(const TokenRequest& request) {
  const auto address = split_url(request.url);
  if (!address)
    return base::failure(ErrorCode::invalid_input,
                         "the token endpoint is no http:// or https:// address without user and password");
  const std::string place =
      "token endpoint " + (request.shown_url.empty() ? address->origin + address->path : request.shown_url);
  httplib::Client client(address->origin);
  if (!client.is_valid())
    return base::failure(ErrorCode::invalid_input, place + " is no address that can be called");
  client.set_connection_timeout(connect_timeout);
  client.set_read_timeout(answer_timeout);
  client.set_write_timeout(answer_timeout);
  client.set_follow_location(false);
  client.enable_server_certificate_verification(request.is_tls_verified);
  if (!request.user.empty()) client.set_basic_auth(request.user.c_str(), request.password.c_str());

  ConnectionEnd end(request.time_max);
  client.set_socket_options([&end](int socket) { end.set_socket(socket); });
  httplib::Request sent = request_of(request, *address);
  std::string body;
  sent.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t, std::uint64_t) {
    body.append(bytes, std::min(size, answer_bytes_max + 1 - std::min(body.size(), answer_bytes_max + 1)));
    return body.size() <= answer_bytes_max;
  };
  const auto result = client.send(sent);
  if (body.size() > answer_bytes_max)
    return base::failure(ErrorCode::forbidden,
                         place + " answers with more than " + std::to_string(answer_bytes_max) + " bytes");
  if (end.is_over())
    return base::failure(ErrorCode::unavailable, place + " did not answer whole within " +
                                                     std::to_string(request.time_max.count()) + " ms");
  if (!result)
    return base::failure(ErrorCode::unavailable,
                         place + " cannot be reached: " + httplib::to_string(result.error()));
  const int status = result->status;
  if (status >= 500 || status == 429)
    return base::failure(ErrorCode::unavailable, place + " answers with status " + std::to_string(status));
  if (status < 200 || status >= 300)
    return base::failure(ErrorCode::forbidden,
                         place + " refuses with status " + std::to_string(status) + oauth_error_of(body));
  Json answer = Json::parse(body, nullptr, false);
  if (!answer.is_object())
    return base::failure(ErrorCode::forbidden, place + " answers with something else than a JSON object");
  return answer;
}

}  // namespace noetl::vault
