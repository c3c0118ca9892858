#include "server/vault/token_request.hpp"

#include <algorithm>

#include "shared/base/base64.hpp"
#include "shared/base/percent.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/fetch/client.hpp"
#include "shared/fetch/retry_after.hpp"
#include "shared/reach/own_addresses.hpp"

namespace noetl::vault {
namespace {

using base::ErrorCode;
using Json = nlohmann::json;
using How = fetch::Ending::How;

constexpr std::chrono::seconds connect_timeout{5};
constexpr std::size_t answer_bytes_max = 1024 * 1024;

struct Address {
  std::string origin;  // scheme://host:port
  std::string path;
  std::string query;  // with its '?', or empty
  reach::Endpoint endpoint;
};

bool is_host(std::string_view host) {
  if (reach::parse_address(host)) return true;
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

// What a request line must not have is encoded; the rest is the author's own spelling.
std::string safe(std::string_view text) {
  std::string target;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_unsafe =
        byte <= 0x20 || byte >= 0x7F || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
    target += is_unsafe ? base::percent_encoded({&c, 1}) : std::string(1, c);
  }
  return target;
}

std::optional<Address> split_url(const std::string& url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return std::nullopt;
  const std::string scheme = url.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  const auto path_begin = url.find_first_of("/?#", scheme_end + 3);
  Address address{.origin = url.substr(0, path_begin), .path = "/", .query = {}, .endpoint = {}};
  // A password in the URL would be sent, but also shown: there are options for it.
  if (address.origin.find('@') != std::string::npos || address.origin.find(',') != std::string::npos)
    return std::nullopt;
  const auto endpoints = reach::endpoints_of(address.origin, scheme == "https" ? 443 : 80);
  if (endpoints.size() != 1 || !is_host(endpoints.front().host)) return std::nullopt;
  address.endpoint = endpoints.front();
  if (path_begin == std::string::npos) return address;
  std::string rest = safe(url.substr(path_begin, url.find('#', path_begin) - path_begin));
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

std::string body_of(const TokenRequest& request) {
  return request.json ? domain::json_text(*request.json) : encode_form(request.form);
}

// `body` outlives the message.
base::Result<fetch::Message> message_of(const TokenRequest& request, const Address& address,
                                        std::string_view body) {
  fetch::Message made;
  if (!fetch::is_token(request.method) || request.method.size() > 32 || request.method == "CONNECT")
    return base::failure(ErrorCode::invalid_input,
                         "'" + request.method + "' is no HTTP method for a token endpoint");
  made.method = request.method;
  made.host = address.endpoint.host;
  made.port = address.endpoint.port;
  made.url = address.origin + address.path + address.query;
  if (!request.params.empty()) made.url += (address.query.empty() ? "?" : "&") + encode_form(request.params);
  std::string content_type = request.json ? "application/json" : "application/x-www-form-urlencoded";
  bool has_accept = false;
  for (const auto& [name, value] : request.headers) {
    // A line break in either would begin a header, or a request, of the playbook's own.
    if (!fetch::is_token(name))
      return base::failure(ErrorCode::invalid_input,
                           "a header of the token request has a name that no header may have");
    if (!fetch::is_header_value(value))
      return base::failure(ErrorCode::invalid_input,
                           "header '" + name + "' of the token request has a control character");
    const std::string lower = fetch::lower_case(name);
    if (fetch::is_framing_header(lower)) continue;
    has_accept = has_accept || lower == "accept";
    if (lower == "content-type")
      content_type = value;
    else
      made.headers.emplace_back(name, value);
  }
  if (!has_accept) made.headers.emplace_back("Accept", "application/json");
  if (!request.user.empty()) {
    made.headers.emplace_back("Authorization",
                              "Basic " + base::base64_encoded(request.user + ":" + request.password));
  }
  made.body = body;
  if (!body.empty()) made.headers.emplace_back("Content-Type", content_type);
  made.tls.is_verified = request.is_tls_verified;
  return made;
}

base::Error failure_of(const fetch::Ending& ending, const std::string& place,
                       std::chrono::milliseconds time_max) {
  switch (ending.how) {
    case How::late:
      return base::failure(ErrorCode::unavailable,
                           place + " did not answer whole within " + std::to_string(time_max.count()) + " ms")
          .value();
    case How::forbidden:
      return base::failure(ErrorCode::invalid_input,
                           place + " may not be called from the server: " + ending.why)
          .value();
    case How::unsupported:
      return base::failure(ErrorCode::forbidden, place + " answers in a way that nobody asked for: " + ending.why).value();
    case How::oversized:
      return base::failure(ErrorCode::forbidden, place + " answers too much: " + ending.why).value();
    case How::stopped:
      return base::failure(ErrorCode::forbidden,
                           place + " answers with more than " + std::to_string(answer_bytes_max) + " bytes")
          .value();
    default: break;
  }
  return base::failure(ErrorCode::unavailable, place + " cannot be reached: " + ending.why).value();
}

}  // namespace

std::string encode_form(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields)
    text += (text.empty() ? "" : "&") + base::percent_encoded(name) + "=" + base::percent_encoded(value);
  return text;
}

base::Result<Json> request_token(const TokenRequest& request, const reach::Egress& egress) {
  const auto address = split_url(request.url);
  if (!address)
    return base::failure(ErrorCode::invalid_input,
                         "the token endpoint is no http:// or https:// address without user and password");
  const std::string place =
      "token endpoint " + (request.shown_url.empty() ? address->origin + address->path : request.shown_url);
  const std::string sent = body_of(request);
  const auto message = message_of(request, *address, sent);
  if (!message) return base::failure(message.error());
  int status = 0;
  std::string body;
  std::optional<std::chrono::milliseconds> wait;
  const fetch::Reader reader{.head =
                                 [&](const fetch::Head& head) {
                                   status = head.status;
                                   if (const auto said = head.headers.find("retry-after"); said != head.headers.end())
                                     wait = fetch::retry_after_of(said->second, std::chrono::system_clock::now());
                                   return true;
                                 },
                             .body =
                                 [&](std::string_view bytes) {
                                   body += bytes.substr(0, answer_bytes_max + 1 - body.size());
                                   return body.size() <= answer_bytes_max;
                                 }};
  const fetch::Ending ending = fetch::Client(egress).send(
      *message,
      {.connect_timeout = connect_timeout, .deadline = std::chrono::steady_clock::now() + request.time_max},
      {}, reader);
  if (ending.how != How::whole) return base::failure(failure_of(ending, place, request.time_max));
  if (status >= 500 || status == 429) {
    auto later = base::failure(ErrorCode::unavailable, place + " answers with status " + std::to_string(status));
    later.value().retry_after = wait.value_or(std::chrono::milliseconds(0));
    return later;
  }
  if (status < 200 || status >= 300)
    return base::failure(ErrorCode::forbidden,
                         place + " refuses with status " + std::to_string(status) + oauth_error_of(body));
  Json answer = Json::parse(body, nullptr, false);
  if (!answer.is_object())
    return base::failure(ErrorCode::forbidden, place + " answers with something else than a JSON object");
  return answer;
}

}  // namespace noetl::vault
