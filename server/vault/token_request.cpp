#include "server/vault/token_request.hpp"

#include <algorithm>

#include "shared/base/text/ascii.hpp"
#include "shared/base/text/percent.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/fetch/client.hpp"
#include "shared/fetch/retry_after.hpp"

namespace noetl::vault {
namespace {

using base::ErrorCode;
using Json = nlohmann::json;
using How = fetch::Ending::How;

constexpr std::chrono::seconds connect_timeout{5};
constexpr std::size_t answer_bytes_max = 1024 * 1024;

// OAuth's error codes are words ("invalid_client"); anything else may echo what was sent.
std::string oauth_error_of(const std::string& body) {
  const Json answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("error") || !answer["error"].is_string()) return {};
  const auto& code = answer["error"].get_ref<const std::string&>();
  const bool is_word = code.size() <= 64 &&
                       std::all_of(code.begin(), code.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return is_word && !code.empty() ? ", error '" + code + "'" : std::string{};
}

std::string body_of(const TokenRequest& request) {
  return request.json ? domain::json_text(*request.json) : encode_form(request.form);
}

// A line break in either would begin a header, or a request, of the playbook's own.
base::Result<void> add(fetch::Message& message, const std::string& name, const std::string& value,
                       bool is_checked_only) {
  auto token = fetch::Token::of(name);
  if (!token)
    return base::failure(ErrorCode::invalid_input, "a header of the token request has a name that no header may have");
  auto text = fetch::HeaderValue::of(value);
  if (!text)
    return base::failure(ErrorCode::invalid_input,
                         "header '" + name + "' of the token request has a control character");
  if (!is_checked_only) message.headers.emplace_back(*std::move(token), *std::move(text));
  return {};
}

// `body` outlives the message.
base::Result<fetch::Message> message_of(const TokenRequest& request, fetch::Url url, std::string_view body) {
  fetch::Message made;
  auto method = fetch::Token::of(request.method);
  if (!method || request.method.size() > 32 || request.method == "CONNECT")
    return base::failure(ErrorCode::invalid_input, "the method is none of HTTP for a token endpoint");
  made.method = *std::move(method);
  made.url = std::move(url);
  for (const auto& [name, value] : request.params) {
    fetch::QueryText pair;
    pair.add(name, value);
    made.url.target.add(pair);
  }
  const std::string content_type = request.json ? "application/json" : "application/x-www-form-urlencoded";
  bool has_accept = false;
  bool has_type = false;
  for (const auto& [name, value] : request.headers) {
    const std::string lower = base::lower_case(name);
    if (fetch::is_framing_header(lower)) continue;
    has_accept = has_accept || lower == "accept";
    if (auto added = add(made, name, value, lower == "content-type" && body.empty()); !added)
      return tl::unexpected(added.error());
    has_type = has_type || lower == "content-type";
  }
  const auto add_own = [&](const char* name, const std::string& value) { (void)add(made, name, value, false); };
  if (!has_accept) add_own("Accept", "application/json");
  if (!request.user.empty()) {
    auto login = fetch::basic_login(request.user, request.password);
    if (!login) return tl::unexpected(login.error());
    add_own("Authorization", login->text());
  }
  made.body = body;
  if (!body.empty() && !has_type) add_own("Content-Type", content_type);
  made.tls.is_verified = request.is_tls_verified;
  return made;
}

base::Error failure_of(const fetch::Ending& ending, const std::string& place, std::chrono::milliseconds time_max) {
  switch (ending.how) {
    case How::late:
      return base::failure(ErrorCode::unavailable,
                           place + " did not answer whole within " + std::to_string(time_max.count()) + " ms")
          .value();
    case How::forbidden:
      return base::failure(ErrorCode::invalid_input, place + " may not be called from the server: " + ending.why)
          .value();
    case How::unsupported:
      return base::failure(ErrorCode::forbidden, place + " answers in a way that nobody asked for: " + ending.why)
          .value();
    case How::oversized: return base::failure(ErrorCode::forbidden, place + " answers too much: " + ending.why).value();
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
  const auto url = fetch::parse_url(request.url);
  // A user or a password in it would be shown: there are options for them.
  if (!url || !url->user.empty() || !url->password.empty())
    return base::failure(ErrorCode::invalid_input,
                         "the token endpoint is no http:// or https:// address without user and password");
  const std::string place =
      "token endpoint " + (request.shown_url.empty() ? url->origin() + url->target.path() : request.shown_url);
  const std::string sent = body_of(request);
  const auto message = message_of(request, *url, sent);
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
      *message, {.connect_timeout = connect_timeout, .deadline = std::chrono::steady_clock::now() + request.time_max},
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
