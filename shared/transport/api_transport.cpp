#include "shared/transport/api_transport.hpp"

#include <algorithm>
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

// A batch of 1024 commands with large inputs. Contexts are nested a few levels into the answer, and a playbook's templates nest results
// in maps of their own. What SQL has enqueued may have numbers that no body may: run_command reads them.
constexpr json::BodyBounds answer_bounds{
    .bytes_max = 512UL * 1024 * 1024, .depth_max = 256, .values_max = 20'000'000, .refuses_rounding = false};

template <class Answer, class Decode>
base::Result<Answer> decoded(const base::Result<std::string>& body, const std::string& path, Decode&& decode) {
  if (!body) return base::failure(body.error());
  // A tree would round the numbers that SQL has enqueued.
  const auto storable = domain::storable_json(*body);
  const auto json = json::parse_body(storable ? *storable : *body, answer_bounds);
  if (!json) return base::failure(base::ErrorCode::internal, "answer of " + path + ": " + json.error().message);
  auto answer = decode(*json);
  if (!answer) return base::failure(base::ErrorCode::internal, "answer of " + path + ": " + answer.error().message);
  return answer;
}

// The same for what comes with every batch of commands: without a tree when it looks as usual.
template <class Answer, class Quick, class Decode>
base::Result<Answer> decoded_quickly(const base::Result<std::string>& body, const std::string& path, Quick&& quick,
                                     Decode&& decode) {
  if (body && !json::check_body(*body, answer_bounds)) {
    if (auto answer = quick(*body)) return std::move(*answer);
  }
  return decoded<Answer>(body, path, decode);
}

}  // namespace

base::Error ApiTransport::problem_of(int status, std::string_view body, std::string_view retry_after) {
  base::Error error = wire::decode_problem(status, body);
  int seconds = 0;
  std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
  if (error.retry_after.count() == 0 && seconds > 0) error.retry_after = std::chrono::seconds(std::min(seconds, 3600));
  return error;
}

// 128 random bits: nobody else can speak for this worker by its name.
std::string ApiTransport::new_instance() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string instance;
  for (int i = 0; i < 32; ++i) instance += digits[random() % digits.size()];
  return instance;
}

base::Result<wire::RegistrationAnswer> ApiTransport::register_worker(const wire::WorkerRegistration& registration) {
  const std::string path = "/api/v2/workers";
  return decoded<wire::RegistrationAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(registration), .patience = {}}), path,
      wire::decode_registration_answer);
}

base::Result<wire::HeartbeatAnswer> ApiTransport::heartbeat(const wire::Heartbeat& heartbeat) {
  const std::string path = "/api/v2/workers/" + heartbeat.worker_id + "/heartbeat";
  return decoded<wire::HeartbeatAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(heartbeat), .patience = {}}), path,
      wire::decode_heartbeat_answer);
}

base::Result<wire::ClaimAnswer> ApiTransport::claim(const wire::ClaimRequest& request) {
  const std::string path = "/api/v2/commands/claim";
  return decoded_quickly<wire::ClaimAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(request), .patience = request.wait}), path,
      wire::quick_claim_answer, wire::decode_claim_answer);
}

base::Result<wire::ReportAnswer> ApiTransport::report(const wire::ReportRequest& request) {
  const std::string path = "/api/v2/events";
  return decoded_quickly<wire::ReportAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(request), .patience = {}}), path,
      wire::quick_report_answer, wire::decode_report_answer);
}

base::Result<wire::AheadAnswer> ApiTransport::run_ahead(const wire::AheadRequest& request) {
  const std::string path = "/api/v2/commands/ahead";
  return decoded<wire::AheadAnswer>(
      send({.verb = Verb::post, .path = path, .body = wire::encode(request), .patience = {}}), path,
      wire::decode_ahead_answer);
}

base::Result<std::string> ApiTransport::get(const std::string& path) {
  return send({.verb = Verb::get, .path = path, .body = {}, .patience = std::chrono::seconds(15)});
}

base::Result<std::string> ApiTransport::post(const std::string& path, std::string body) {
  return send({.verb = Verb::post, .path = path, .body = std::move(body), .patience = std::chrono::seconds(15)});
}

base::Result<void> ApiTransport::deregister(const std::string& worker_id) {
  const auto answer = send({.verb = Verb::remove, .path = "/api/v2/workers/" + worker_id, .body = {}, .patience = {}});
  if (!answer) return base::failure(answer.error());
  return {};
}

}  // namespace noetl::transport
