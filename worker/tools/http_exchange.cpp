#include "worker/tools/http_exchange.hpp"

#include <httplib.h>

#include <algorithm>

namespace noetl::tools {

namespace {

using std::chrono::milliseconds;
using End = HttpAnswer::End;

milliseconds left_until(std::chrono::steady_clock::time_point deadline) {
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

void end_with(HttpAnswer& answer, httplib::Error error) {
  using httplib::Error;
  if (error == Error::Success || answer.end != End::whole) return;
  const bool is_about_trust = error == Error::SSLServerVerification || error == Error::SSLLoadingCerts;
  answer.end = error == Error::ConnectionTimeout ? End::timed_out
               : is_about_trust                  ? End::untrusted
                                                 : End::broken;
  answer.trouble = httplib::to_string(error);
}

HttpAnswer exchange_on(httplib::ClientImpl& client, const HttpRequest& request,
                       const ExchangeSettings& settings, const HttpAbort::Watch& watch) {
  HttpAnswer answer;
  HttpBody body(settings.body);
  const milliseconds left = left_until(settings.deadline);
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
    return body.take(answer, {bytes, count}) && !watch.is_over();
  };
  httplib::Response response;
  auto error = httplib::Error::Success;
  if (!client.send(wire, response, error) && error == httplib::Error::Success)
    error = httplib::Error::Unknown;
  if (error == httplib::Error::Success && answer.status == 0) keep_headers(answer, response);
  client.set_socket_options(nullptr);  // it points into this call
  end_with(answer, error);
  if (answer.end == End::whole) body.finish(answer);
  return answer;
}

bool may_repeat(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD" || request.method == "PUT" ||
         request.method == "DELETE" || request.method == "OPTIONS";
}

}  // namespace

HttpAnswer exchange(HttpClients& clients, const HttpRequest& request, const ExchangeSettings& settings,
                    const HttpAbort::Watch& watch) {
  auto lent = clients.borrow(request);
  HttpAnswer answer = exchange_on(*lent.client, request, settings, watch);
  // The peer may have closed a kept connection just when the request was sent.
  const bool is_stale = lent.is_reused && answer.end != End::whole && answer.status == 0;
  if (is_stale && may_repeat(request) && !watch.is_over()) {
    lent = clients.borrow(request, true);
    answer = exchange_on(*lent.client, request, settings, watch);
  }
  if (answer.end == End::whole && !watch.is_over()) clients.give_back(request, std::move(lent));
  return answer;
}

}  // namespace noetl::tools
