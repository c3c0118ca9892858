#include "worker/tools/http_tool.hpp"

#include <httplib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "worker/tools/http_request.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

namespace {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr std::array<OptionSpec, 21> option_table{{
    {"method", "text", "GET, POST, PUT, PATCH, DELETE, …; default GET"},
    {"url", "text", "where to; also `endpoint`"},
    {"endpoint", "text", "the same as `url`"},
    {"params", "map or text", "the query; a list gives its name several times"},
    {"headers", "map", "header names and values"},
    {"json", "any", "body as JSON"},
    {"form", "map", "body as a form"},
    {"files", "map",
     "multipart/form-data: field to a path, or to {filename, content or content_b64 or path, content_type}; "
     "`form` adds fields"},
    {"payload", "any", "body: a text as it is, anything else as JSON; also `body`"},
    {"body", "any", "the same as `payload`"},
    {"data", "any", "the same; or {query, body}"},
    {"auth", "name or map",
     "basic {username, password}, bearer {token}, api_key {header or name, value, in: header or query}; also "
     "`credential`"},
    {"credential", "name or map", "the same as `auth`"},
    {"verify_ssl", "true or false", "whether the peer's certificate is checked; default true"},
    {"ca_cert", "path", "file of the authorities that are trusted instead of the system's"},
    {"client_cert", "path", "file of our own certificate, with `client_key`"},
    {"client_key", "path", "file of its key"},
    {"follow_redirects", "true or false", "default true; credentials go to the same origin only"},
    {"proxy", "text", "http://user:password@host:port"},
    {"expected_status", "number or list", "statuses besides 2xx that are no error"},
    {"timeout", "seconds", "of the whole request, redirects included"},
}};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case, repeated ones joined
  std::string body;
  bool is_too_large = false;
  httplib::Error error = httplib::Error::Success;
};

milliseconds left_until(Time deadline) {
  // Zero would mean "no wait at all" to the client library before it even tries.
  return std::max(std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()),
                  milliseconds(1));
}

void keep_headers(HttpAnswer& answer, const httplib::Response& response) {
  answer.status = response.status;
  for (const auto& [name, value] : response.headers) {
    std::string key = name;
    for (char& c : key) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    std::string& joined = answer.headers[key];
    joined += (joined.empty() ? "" : ", ") + value;
  }
}

httplib::Request wire_request(const HttpRequest& request) {
  httplib::Request wire;
  wire.method = request.method;
  wire.path = request.url.target;
  if (!request.secret_query.empty()) {
    wire.path += (wire.path.find('?') == std::string::npos ? '?' : '&') + request.secret_query;
  }
  wire.body = request.body;
  wire.headers.emplace("User-Agent", "noetl-worker");
  if (!request.headers.contains("accept-encoding")) wire.headers.emplace("Accept-Encoding", "gzip, deflate");
  for (const auto& [name, value] : request.headers) {
    if (name == "user-agent") wire.headers.erase("User-Agent");
    wire.headers.emplace(name, value);
  }
  return wire;
}

// One message and its answer on one connection.
HttpAnswer exchange_on(httplib::ClientImpl& client, const HttpRequest& request, const HttpSettings& settings,
                       Time deadline, const HttpAbort::Watch& watch) {
  HttpAnswer answer;
  const milliseconds left = left_until(deadline);
  client.set_connection_timeout(std::min(left, settings.connect_timeout));
  client.set_read_timeout(left);
  client.set_write_timeout(left);
  client.set_socket_options([&](int socket) { watch.add_socket(socket); });
  if (client.is_socket_open() != 0) watch.add_socket(client.socket());

  httplib::Request wire = wire_request(request);
  wire.response_handler = [&](const httplib::Response& response) {
    keep_headers(answer, response);
    return !watch.is_over();
  };
  wire.content_receiver = [&](const char* bytes, std::size_t count, std::uint64_t, std::uint64_t) {
    answer.is_too_large = answer.body.size() + count > settings.limits.result_bytes_max;
    if (!answer.is_too_large) answer.body.append(bytes, count);
    return !answer.is_too_large && !watch.is_over();
  };
  httplib::Response response;
  if (!client.send(wire, response, answer.error) && answer.error == httplib::Error::Success) {
    answer.error = httplib::Error::Unknown;
  }
  if (answer.error == httplib::Error::Success && answer.status == 0) keep_headers(answer, response);
  client.set_socket_options(nullptr);  // it points into this call
  return answer;
}

bool may_repeat(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD" || request.method == "PUT" ||
         request.method == "DELETE" || request.method == "OPTIONS";
}

HttpAnswer exchange(HttpClients& clients, const HttpRequest& request, const HttpSettings& settings,
                    Time deadline, const HttpAbort::Watch& watch) {
  auto lent = clients.borrow(request);
  HttpAnswer answer = exchange_on(*lent.client, request, settings, deadline, watch);
  // The peer may have closed a kept connection just when the request was sent.
  const bool is_stale =
      lent.is_reused && answer.error != httplib::Error::Success && answer.status == 0 && !answer.is_too_large;
  if (is_stale && may_repeat(request) && !watch.is_over()) {
    lent = clients.borrow(request, true);
    answer = exchange_on(*lent.client, request, settings, deadline, watch);
  }
  if (answer.error == httplib::Error::Success && !answer.is_too_large && !watch.is_over()) {
    clients.give_back(request, std::move(lent));
  }
  return answer;
}

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

std::string body_json(const HttpAnswer& answer) {
  const auto type = answer.headers.find("content-type");
  if (type != answer.headers.end() && type->second.find("json") != std::string::npos) {
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
         to_text(Json(elapsed.count())) + R"(,"url":)" + to_text(Json(request.url.text())) +
         R"(,"headers":)" + to_text(headers) + R"(,"data":)" + body + R"(,"body":)" + body + "}";
}

std::string_view kind_of_status(int status) {
  if (status == 429) return "rate_limit";
  if (status == 401 || status == 403) return "auth";
  if (status == 404) return "not_found";
  return status >= 500 ? "server_error" : "client_error";
}

// What was asked for, without the query: it often carries keys.
std::string name_of(const HttpRequest& request) {
  const std::string url = request.url.text();
  return request.method + " " + url.substr(0, url.find('?'));
}

ToolResult connection_failed(const HttpAnswer& answer, const HttpRequest& request) {
  using httplib::Error;
  if (answer.error == Error::ConnectionTimeout) return timed_out(name_of(request) + ": the connection");
  const bool is_about_trust =
      answer.error == Error::SSLServerVerification || answer.error == Error::SSLLoadingCerts;
  return failed({.kind = "connection",
                 .message = name_of(request) + " failed: " + httplib::to_string(answer.error),
                 .is_retryable = !is_about_trust,
                 .status = {},
                 .retry_after = {},
                 .traceback = {}});
}

ToolResult too_large(const HttpRequest& request, std::size_t bytes_max) {
  return failed(
      {.kind = "output_limit",
       .message = name_of(request) + " answered with more than " + std::to_string(bytes_max) + " bytes",
       .is_retryable = false,
       .status = {},
       .retry_after = {},
       .traceback = {}});
}

bool is_redirect(const HttpAnswer& answer) {
  const int status = answer.status;
  return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) &&
         answer.headers.contains("location");
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

}  // namespace

ToolResult HttpTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_request(call); });
}

std::span<const OptionSpec> HttpTool::options() const { return option_table; }

ToolResult HttpTool::run_request(const ToolCall& call) {
  const auto deadline = deadline_of(call);
  if (!deadline) return refused(deadline.error().message);
  auto request = http_request_of(call);
  if (!request) return failed(request.error());
  const Time began = std::chrono::steady_clock::now();
  const HttpAbort::Watch watch(abort_, *deadline, call.stop);
  for (int hop = 0; hop <= settings_.redirects_max; ++hop) {
    if (call.stop.stop_requested()) return cancelled();
    if (watch.is_over()) return timed_out(name_of(*request));
    const HttpAnswer answer = exchange(clients_, *request, settings_, *deadline, watch);
    if (answer.is_too_large) return too_large(*request, settings_.limits.result_bytes_max);
    if (answer.error != httplib::Error::Success) {
      if (call.stop.stop_requested()) return cancelled();
      return watch.is_over() ? timed_out(name_of(*request)) : connection_failed(answer, *request);
    }
    if (!request->follows_redirects || !is_redirect(answer)) {
      ToolResult result = answered(answer, *request, std::chrono::steady_clock::now() - began);
      return result.result.size() > settings_.limits.result_bytes_max
                 ? too_large(*request, settings_.limits.result_bytes_max)
                 : result;
    }
    auto target = resolve_url(request->url, answer.headers.at("location"));
    if (!target)
      return refused(name_of(*request) + " redirected to where it may not: " + target.error().message);
    request = redirected(*std::move(request), answer.status, *std::move(target));
  }
  return refused(name_of(*request) + " redirected more than " + std::to_string(settings_.redirects_max) +
                 " times");
}

}  // namespace noetl::tools
