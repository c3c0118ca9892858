#include "server/vault/token_request.hpp"

#include <httplib.h>

#include <algorithm>

#include "shared/base/percent.hpp"
#include "shared/domain/json_text.hpp"

namespace noetl::vault {
namespace {

using base::ErrorCode;
using Json = nlohmann::json;

constexpr std::chrono::seconds connect_timeout{5};
constexpr std::chrono::seconds answer_timeout{10};
constexpr std::size_t answer_bytes_max = 1024 * 1024;

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
  const std::string place = "token endpoint " + address->origin + address->path;
  httplib::Client client(address->origin);
  if (!client.is_valid())
    return base::failure(ErrorCode::invalid_input, place + " is no address that can be called");
  client.set_connection_timeout(connect_timeout);
  client.set_read_timeout(answer_timeout);
  client.set_write_timeout(answer_timeout);
  client.set_follow_location(false);
  client.enable_server_certificate_verification(request.is_tls_verified);
  if (!request.user.empty()) client.set_basic_auth(request.user.c_str(), request.password.c_str());

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
