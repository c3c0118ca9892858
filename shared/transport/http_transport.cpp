#include "shared/transport/http_transport.hpp"

#include <httplib.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <random>

#include "shared/domain/storable_json.hpp"
#include "shared/json/parse_body.hpp"
#include "shared/wire/codecs/ahead_json.hpp"
#include "shared/wire/codecs/claim_json.hpp"
#include "shared/wire/codecs/report_json.hpp"
#include "shared/wire/codecs/worker_json.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/quick_read.hpp"

namespace noetl::transport {
namespace {

constexpr std::size_t idle_clients_max = 16;
// A batch of 1024 commands with large inputs. Contexts are nested a few levels into the answer, and a playbook's templates nest results
// in maps of their own. What SQL has enqueued may have numbers that no body may: run_command reads them.
constexpr json::BodyBounds answer_bounds{
    .bytes_max = 512UL * 1024 * 1024, .depth_max = 256, .values_max = 20'000'000, .refuses_rounding = false};

template <class Answer, class Decode>
base::Result<Answer> decoded(const base::Result<std::string>& body, const std::string& path,
                             Decode&& decode) {
  if (!body) return base::failure(body.error());
  // A tree would round the numbers that SQL has enqueued.
  const auto storable = domain::storable_json(*body);
  const auto json = json::parse_body(storable ? *storable : *body, answer_bounds);
  if (!json)
    return base::failure(base::ErrorCode::internal, "answer of " + path + ": " + json.error().message);
  auto answer = decode(*json);
  if (!answer)
    return base::failure(base::ErrorCode::internal, "answer of " + path + ": " + answer.error().message);
  return answer;
}

// The same for what comes with every batch of commands: without a tree when it looks as usual.
template <class Answer, class Quick, class Decode>
base::Result<Answer> decoded_quickly(const base::Result<std::string>& body, const std::string& path,
                                     Quick&& quick, Decode&& decode) {
  if (body && !json::check_body(*body, answer_bounds)) {
    if (auto answer = quick(*body)) return std::move(*answer);
  }
  return decoded<Answer>(body, path, decode);
}

// 128 random bits: nobody else can speak for this worker by its name.
HttpSettings with_instance(HttpSettings settings) {
  if (!settings.instance.empty()) return settings;
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  for (int i = 0; i < 32; ++i) settings.instance += digits[random() % digits.size()];
  return settings;
}

base::Error problem_of(const httplib::Response& response) {
  base::Error error = wire::decode_problem(response.status, response.body);
  const std::string header = response.get_header_value("Retry-After");
  int seconds = 0;
  std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (error.retry_after.count() == 0 && seconds > 0)
    error.retry_after = std::chrono::seconds(std::min(seconds, 3600));
  return error;
}

}  // namespace

struct HttpTransport::Client {
  explicit Client(const HttpSettings& settings) : http(settings.server_url) {
    http.set_keep_alive(true);
    http.set_tcp_nodelay(true);
    http.set_connection_timeout(settings.connect_timeout);
    http.set_write_timeout(settings.answer_timeout);
    if (!settings.token.empty()) http.set_bearer_token_auth(settings.token.c_str());
    if (!settings.tls_ca_file.empty()) http.set_ca_cert_path(settings.tls_ca_file.c_str());
    http.set_default_headers({{wire::instance_header, settings.instance}});
  }
  httplib::Client http;
};

HttpTransport::HttpTransport(HttpSettings settings) : settings_(with_instance(std::move(settings))) {}
HttpTransport::~HttpTransport() = default;

std::unique_ptr<HttpTransport::Client> HttpTransport::take_client() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Client> client = std::move(idle_.back());
      idle_.pop_back();
      return client;
    }
  }
  return std::make_unique<Client>(settings_);
}

void HttpTransport::give_back(std::unique_ptr<Client> client) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < idle_clients_max) idle_.push_back(std::move(client));
}

base::Result<std::string> HttpTransport::send(const Call& call) {
  std::unique_ptr<Client> client = take_client();
  if (!client->http.is_valid())
    return base::failure(
        base::ErrorCode::invalid_input,
        "server URL '" + settings_.server_url + "' is not http://host:port or https://host:port");
  client->http.set_read_timeout(settings_.answer_timeout + call.patience);
  auto result = call.verb == Verb::post  ? client->http.Post(call.path.c_str(), call.body, "application/json")
                : call.verb == Verb::get ? client->http.Get(call.path.c_str())
                                         : client->http.Delete(call.path.c_str());
  if (!result) {
    // The client is not kept: its connection is in an unknown state.
    const bool has_timed_out =
        result.error() == httplib::Error::Read || result.error() == httplib::Error::ConnectionTimeout;
    return base::failure(has_timed_out ? base::ErrorCode::timeout : base::ErrorCode::unavailable,
                         settings_.server_url + call.path + ": " + httplib::to_string(result.error()));
  }
  give_back(std::move(client));
  if (result->status >= 200 && result->status < 300) return std::move(result->body);
  return base::failure(problem_of(*result));
}

base::Result<wire::RegistrationAnswer> HttpTransport::register_worker(
    const wire::WorkerRegistration& registration) {
  const std::string path = "/api/v2/workers";
  return decoded<wire::RegistrationAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(registration), .patience = {}}), path,
      wire::decode_registration_answer);
}

base::Result<wire::HeartbeatAnswer> HttpTransport::heartbeat(const wire::Heartbeat& heartbeat) {
  const std::string path = "/api/v2/workers/" + heartbeat.worker_id + "/heartbeat";
  return decoded<wire::HeartbeatAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(heartbeat), .patience = {}}), path,
      wire::decode_heartbeat_answer);
}

base::Result<wire::ClaimAnswer> HttpTransport::claim(const wire::ClaimRequest& request) {
  const std::string path = "/api/v2/commands/claim";
  return decoded_quickly<wire::ClaimAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(request), .patience = request.wait}), path,
      wire::quick_claim_answer, wire::decode_claim_answer);
}

base::Result<wire::ReportAnswer> HttpTransport::report(const wire::ReportRequest& request) {
  const std::string path = "/api/v2/events";
  return decoded_quickly<wire::ReportAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(request), .patience = {}}), path,
      wire::quick_report_answer, wire::decode_report_answer);
}

base::Result<wire::AheadAnswer> HttpTransport::run_ahead(const wire::AheadRequest& request) {
  const std::string path = "/api/v2/commands/ahead";
  return decoded<wire::AheadAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(request), .patience = {}}), path,
      wire::decode_ahead_answer);
}

base::Result<std::string> HttpTransport::get(const std::string& path) {
  return send({.verb = Verb::get, .path = path, .body = {}, .patience = std::chrono::seconds(15)});
}

base::Result<std::string> HttpTransport::post(const std::string& path, std::string body) {
  return send(
      {.verb = Verb::post, .path = path, .body = std::move(body), .patience = std::chrono::seconds(15)});
}

base::Result<void> HttpTransport::deregister(const std::string& worker_id) {
  const auto answer =
      send({.verb = Verb::remove, .path = "/api/v2/workers/" + worker_id, .body = {}, .patience = {}});
  if (!answer) return base::failure(answer.error());
  return {};
}

}  // namespace noetl::transport
