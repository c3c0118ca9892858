#include "cli/server_client.hpp"

#include <httplib.h>

#include <charconv>
#include <random>

#include "cli/interruptible_wait.hpp"
#include "shared/base/backoff.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::cli {
namespace {

using base::ErrorCode;
using base::failure;
using Json = nlohmann::json;

constexpr base::Backoff backoff{.kind = base::BackoffKind::exponential,
                                .initial = std::chrono::milliseconds{200},
                                .delay_max = std::chrono::milliseconds{10'000},
                                .multiplier = 2.0};
constexpr std::chrono::seconds retry_after_max{60};

double unit_random() {
  static std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

std::chrono::milliseconds asked_delay(const httplib::Response& response) {
  const std::string text = response.get_header_value("Retry-After");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc{} || seconds < 0) return std::chrono::milliseconds{0};
  return std::min<std::chrono::milliseconds>(std::chrono::seconds{seconds}, retry_after_max);
}

httplib::Result send(httplib::Client& client, const ServerAddress& address, const Call& call) {
  httplib::Request request;
  request.method = call.method;
  request.path = address.prefix + call.path;
  for (const auto& [name, value] : call.headers) request.headers.emplace(name, value);
  if (call.body) {
    request.body = call.body->dump(-1, ' ', false, Json::error_handler_t::strict);
    request.headers.emplace("Content-Type", "application/json");
  }
  return client.send(request);
}

// What httplib's name of an error means here.
std::string failure_text(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection: return "nobody listens there, or the name is not known";
    case httplib::Error::ConnectionTimeout: return "the connection took too long";
    case httplib::Error::Read: return "the answer did not come within --request-timeout, or the connection broke";
    case httplib::Error::Write: return "the request could not be sent";
    default: return httplib::to_string(error);
  }
}

base::Result<Json> read_answer(const httplib::Response& response) {
  if (response.status >= 400) return failure(wire::decode_problem(response.status, response.body));
  if (response.body.empty()) return Json::object();
  Json answer = Json::parse(response.body, nullptr, false);
  if (answer.is_discarded()) {
    return failure(ErrorCode::internal, "the answer is not JSON: is this address a NoETL server? It begins with '" +
                                            response.body.substr(0, 80) + "'");
  }
  return answer;
}

}  // namespace

base::Result<ServerAddress> parse_server_url(std::string_view url) {
  const auto scheme_end = url.find("://");
  const auto scheme = scheme_end == std::string_view::npos ? std::string_view{} : url.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") {
    return failure(ErrorCode::invalid_input,
                   "server-url: expected http://host:port or https://host:port, found '" + std::string(url) + "'",
                   "server-url");
  }
  const auto path = url.find('/', scheme_end + 3);
  ServerAddress address{.origin = std::string(url.substr(0, path)),
                        .prefix = path == std::string_view::npos ? "" : std::string(url.substr(path))};
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  if (address.prefix.ends_with("/api")) address.prefix.resize(address.prefix.size() - 4);  // NoETL's base path
  return address;
}

base::Result<Json> ServerClient::call(const Call& call) const {
  if (choice_.problem) return failure(*choice_.problem);
  const auto address = parse_server_url(settings_.server_url);
  if (!address) return failure(address.error());
  httplib::Client client(address->origin);
  client.set_connection_timeout(settings_.timeout);
  client.set_read_timeout(settings_.timeout);
  client.set_write_timeout(settings_.timeout);
  client.set_tcp_nodelay(true);
  if (!settings_.server_ca_file.empty()) client.set_ca_cert_path(settings_.server_ca_file.c_str());
  if (!settings_.token.empty()) client.set_bearer_token_auth(settings_.token);
  for (int refusals = 0;;) {
    const auto result = send(client, *address, call);
    if (!result) {
      return failure(ErrorCode::unavailable, "no answer from " + settings_.server_url +
                                                 (choice_.said_by.empty() ? "" : " (" + choice_.said_by + ")") +
                                                 " to " + call.method + " " + call.path + ": " +
                                                 failure_text(result.error()) +
                                                 ". Is the server running? `noetlctl dev` starts one; --server-url or "
                                                 "NOETL_SERVER_URL names another");
    }
    if (result->status != 503 || refusals >= settings_.retries) return read_answer(*result);
    ++refusals;
    // The server's wish is a floor; jitter on top keeps refused clients from coming back together.
    const auto delay = asked_delay(*result) + backoff.jittered_after(refusals, unit_random());
    if (!wait_unless_stopped(stop_, delay))
      return failure(ErrorCode::cancelled, "interrupted while the server was busy");
  }
}

}  // namespace noetl::cli
