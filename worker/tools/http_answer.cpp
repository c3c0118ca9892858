#include "worker/tools/http_answer.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace noetl::tools {

namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> retry_after_of(const HttpAnswer& answer) {
  const auto found = answer.headers.find("retry-after");
  if (found == answer.headers.end()) return std::nullopt;
  constexpr std::int64_t seconds_max = 24 * 3600;
  const std::string& text = found->second;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) {
    std::tm at{};
    if (strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &at) == nullptr) return std::nullopt;
    seconds = static_cast<std::int64_t>(timegm(&at)) - static_cast<std::int64_t>(std::time(nullptr));
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, seconds_max));
}

std::string content_type_of(const HttpAnswer& answer) {
  const auto type = answer.headers.find("content-type");
  return type == answer.headers.end() ? std::string() : type->second;
}

std::string body_json(const HttpAnswer& answer) {
  const std::string type = content_type_of(answer);
  if (answer.kept) {
    return to_text(Json{{"_ref", answer.kept->reference},
                        {"size", answer.kept->size},
                        {"content_type", storable_text(type)}});
  }
  if (type.find("json") != std::string::npos) {
    const Json parsed = Json::parse(answer.body, nullptr, false);
    if (!parsed.is_discarded()) return to_text(parsed);
  }
  return to_text(Json(storable_text(answer.body)));
}

std::string result_text(const HttpAnswer& answer, const HttpRequest& request,
                        std::chrono::duration<double> elapsed) {
  Json headers = Json::object();
  for (const auto& [name, value] : answer.headers) headers[name] = storable_text(value);
  const std::string body = body_json(answer);
  return R"({"status_code":)" + std::to_string(answer.status) + R"(,"elapsed":)" +
         to_text(Json(elapsed.count())) + R"(,"url":)" + to_text(Json(shown_url(request))) +
         R"(,"headers":)" + to_text(headers) + R"(,"data":)" + body + R"(,"body":)" + body + "}";
}

std::string_view kind_of_status(int status) {
  if (status == 429) return "rate_limit";
  if (status == 401 || status == 403) return "auth";
  if (status == 404) return "not_found";
  return status >= 500 ? "server_error" : "client_error";
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

std::string name_of(const HttpRequest& request) {
  const std::string url = shown_url(request);
  return request.method + " " + url.substr(0, url.find('?'));
}

ToolResult too_large(const HttpRequest& request, std::size_t bytes_max) {
  return failed(error_of("output_limit",
                         name_of(request) + " answered with more than " + std::to_string(bytes_max) +
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
    case End::untrusted:
    case End::broken:
    case End::whole: break;
  }
  return failed(
      error_of("connection", name_of(request) + " failed: " + answer.trouble, answer.end != End::untrusted));
}

ToolResult answered(const HttpAnswer& answer, const HttpRequest& request,
                    std::chrono::duration<double> elapsed) {
  const int status = answer.status;
  const auto& wanted = request.wanted_statuses;
  const bool is_wanted = (status >= 200 && status < 300) ||
                         std::find(wanted.begin(), wanted.end(), status) != wanted.end() ||
                         (status >= 300 && status < 400 && !request.follows_redirects);
  ToolResult result;
  if (!is_wanted) {
    result = failed({.kind = std::string(kind_of_status(status)),
                     .message = name_of(request) + " answered " + std::to_string(status),
                     .is_retryable = status == 429 || status >= 500,
                     .status = status,
                     .retry_after = retry_after_of(answer),
                     .traceback = {}});
  }
  result.result = result_text(answer, request, elapsed);
  return result;
}

}  // namespace noetl::tools
