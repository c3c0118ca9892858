#include "worker/tools/http/http_answer.hpp"

#include <algorithm>
#include <array>

#include "shared/base/text/base64.hpp"
#include "shared/domain/error_kinds.hpp"
#include "shared/fetch/retry_after.hpp"
#include "worker/tools/http/peer_body.hpp"

namespace noetl::tools {

namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> retry_after_of(const HttpAnswer& answer) {
  const auto found = answer.headers.find("retry-after");
  if (found == answer.headers.end()) return std::nullopt;
  return fetch::retry_after_of(found->second, std::chrono::system_clock::now());
}

std::string content_type_of(const HttpAnswer& answer) {
  const auto type = answer.headers.find("content-type");
  return type == answer.headers.end() ? std::string() : type->second;
}

Json headers_json(const HttpAnswer& answer) {
  Json headers = Json::object();
  for (const auto& [name, value] : answer.headers) headers[header_text(name)] = header_text(value);
  for (const auto& cookie : answer.cookies) headers["set-cookie"].push_back(header_text(cookie));
  return headers;
}

// What the result has of the body, under both of its names.
std::string body_members(const HttpAnswer& answer) {
  const auto both = [](const std::string& json) { return R"("data":)" + json + R"(,"body":)" + json; };
  const std::string type = content_type_of(answer);
  if (answer.kept) {
    return both(to_text(
        Json{{"_ref", answer.kept->reference}, {"size", answer.kept->size}, {"content_type", header_text(type)}}));
  }
  const auto value = body_value(answer.body, type, domain::result_values_max / 2);  // it stands in the result twice
  return value ? both(to_text(*value)) : both("null") + R"(,"data_b64":")" + base::base64_encoded(answer.body) + '"';
}

std::string result_text(const HttpAnswer& answer, const HttpRequest& request, std::chrono::duration<double> elapsed) {
  return R"({"status_code":)" + std::to_string(answer.status) + R"(,"elapsed":)" + to_text(Json(elapsed.count())) +
         R"(,"url":)" + to_text(Json(shown_url(request))) + R"(,"headers":)" + to_text(headers_json(answer)) + "," +
         body_members(answer) + "}";
}

// Names of a query whose values are no business of who reads an error: "api_key", "X-Amz-Signature", "sig".
bool is_secret_name(std::string name) {
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  constexpr std::array<std::string_view, 4> whole{"key", "sig", "code", "auth"};
  constexpr std::array<std::string_view, 10> within{"token",   "secret",     "passw",     "apikey",     "api_key",
                                                    "api-key", "access_key", "signature", "credential", "session"};
  return std::ranges::any_of(whole, [&](auto word) { return name == word; }) ||
         std::ranges::any_of(within, [&](auto word) { return name.find(word) != std::string::npos; });
}

// The first bytes of a body that is a text.
std::string beginning_of(const HttpAnswer& answer) {
  constexpr std::size_t bytes_max = 1024;
  if (answer.kept || answer.body.find('\0') != std::string::npos) return {};
  BoundedOutput beginning(bytes_max);
  beginning.append(answer.body.data(), answer.body.size());
  return beginning.text();
}

std::string_view kind_of_status(int status) {
  if (status == 429) return "rate_limit";
  if (status == 401 || status == 403) return "auth";
  if (status == 404) return "not_found";
  return status >= 500 ? "server_error" : "client_error";
}

// 408 and 425 ask for the same again.
bool is_worth_another_attempt(int status) {
  return status == 408 || status == 425 || domain::is_retryable_by_default(kind_of_status(status));
}

}  // namespace

bool is_redirect(const HttpAnswer& answer) {
  const int status = answer.status;
  return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) &&
         answer.headers.contains("location");
}

std::string shown_url(const HttpRequest& request) {
  return request.shown_url.empty() ? request.url.text() : request.shown_url;
}

std::string url_of_error(const HttpRequest& request) {
  std::string url = shown_url(request);
  const auto query = url.find('?');
  if (query == std::string::npos) return url;
  std::string shown = url.substr(0, query);
  char mark = '?';
  for (std::size_t at = query + 1; at <= url.size(); mark = '&') {
    const auto end = std::min(url.find('&', at), url.size());
    const std::string pair = url.substr(at, end - at);
    const auto equals = pair.find('=');
    shown += mark;
    shown +=
        equals != std::string::npos && is_secret_name(pair.substr(0, equals)) ? pair.substr(0, equals) + "=***" : pair;
    at = end + 1;
  }
  return shown;
}

std::string name_of(const HttpRequest& request) {
  const std::string url = shown_url(request);
  return request.method + " " + url.substr(0, url.find('?'));
}

ToolResult too_large(const HttpRequest& request, std::size_t bytes_max) {
  return failed(
      error_of("output_limit", name_of(request) + " answered with more than " + std::to_string(bytes_max) +
                                   " bytes; with `stream: true` a large body is kept apart, and the result has "
                                   "its reference"));
}

ToolResult not_answered(const HttpAnswer& answer, const HttpRequest& request, std::size_t bytes_max) {
  using End = HttpAnswer::End;
  switch (answer.end) {
    case End::too_large: return too_large(request, bytes_max);
    case End::not_kept: {
      ToolResult result = failed(*answer.keep_error);
      if (result.error)
        result.error->message = name_of(request) + ": its body could not be kept: " + result.error->message;
      return result;
    }
    case End::timed_out: return timed_out(name_of(request) + ": the connection");
    case End::forbidden: return refused(name_of(request) + " may not be reached from this worker: " + answer.trouble);
    case End::invalid: return refused(name_of(request) + " was not sent: " + answer.trouble);
    case End::unsupported:
      return failed(
          error_of("unsupported", name_of(request) + " answered in a way that nobody asked for: " + answer.trouble));
    case End::oversized: return failed(error_of("output_limit", name_of(request) + " failed: " + answer.trouble));
    case End::untrusted:
    case End::broken:
    case End::whole: break;
  }
  return failed(error_of("connection", name_of(request) + " failed: " + answer.trouble, answer.end != End::untrusted));
}

ToolResult answered(const HttpAnswer& answer, const HttpRequest& request, std::chrono::duration<double> elapsed) {
  const int status = answer.status;
  const auto& wanted = request.wanted_statuses;
  const bool is_wanted = (status >= 200 && status < 300) ||
                         std::find(wanted.begin(), wanted.end(), status) != wanted.end() ||
                         (status >= 300 && status < 400 && !request.follows_redirects);
  ToolResult result;
  if (!is_wanted) {
    result = failed({.kind = std::string(kind_of_status(status)),
                     .message = name_of(request) + " answered " + std::to_string(status),
                     .is_retryable = is_worth_another_attempt(status),
                     .status = status,
                     .retry_after = retry_after_of(answer),
                     .traceback = {}});
  }
  result.result = result_text(answer, request, elapsed);
  if (result.error) add_details(*result.error, {{"body", beginning_of(answer)}});
  return result;
}

}  // namespace noetl::tools
