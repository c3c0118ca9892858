#include "cli/load/connection.hpp"

#include <httplib.h>

#include <algorithm>
#include <charconv>

#include "cli/interruptible_wait.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::load {
namespace {

using base::ErrorCode;
using base::failure;

std::chrono::seconds asked_delay(const httplib::Response& response) {
  constexpr int most = 60;
  const std::string text = response.get_header_value("Retry-After");
  int seconds = 1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds{error == std::errc{} ? std::clamp(seconds, 1, most) : 1};
}

}  // namespace

Connection::Connection(const Target& target, std::stop_token stop)
    : target_(target), stop_(std::move(stop)), client_(std::make_unique<httplib::Client>(target.origin)) {
  client_->set_keep_alive(true);
  client_->set_tcp_nodelay(true);
  client_->set_connection_timeout(target.timeout);
  client_->set_read_timeout(target.timeout);
  client_->set_write_timeout(target.timeout);
  if (!target.ca_file.empty()) client_->set_ca_cert_path(target.ca_file);
  if (!target.token.empty()) client_->set_bearer_token_auth(target.token);
}

Connection::~Connection() = default;

base::Result<std::string> Connection::call(Verb verb, const std::string& path, const std::string& body) {
  const std::string whole = target_.prefix + path;
  const std::string name = (verb == Verb::get ? "GET " : "POST ") + whole;
  for (int refused = 0;;) {
    if (stop_.stop_requested()) return failure(ErrorCode::cancelled, name + ": interrupted");
    auto answer = verb == Verb::get ? client_->Get(whole) : client_->Post(whole, body, "application/json");
    if (!answer) {
      return failure(ErrorCode::unavailable, name + ": no answer from " + target_.origin + ": " +
                                                 httplib::to_string(answer.error()) + ". Is the server running?");
    }
    if (answer->status / 100 == 2) return std::move(answer->body);
    if (answer->status != 503 || refused == target_.retries) {
      auto error = wire::decode_problem(answer->status, answer->body);
      error.message = name + ": " + error.message;
      return failure(std::move(error));
    }
    ++refused;
    ++refusals_;
    (void)cli::wait_unless_stopped(stop_, asked_delay(*answer));
  }
}

base::Result<std::string> Connection::post(const std::string& path, const std::string& body) {
  return call(Verb::post, path, body);
}

base::Result<nlohmann::json> Connection::get(const std::string& path) {
  const auto text = call(Verb::get, path, {});
  if (!text) return failure(text.error());
  auto answer = nlohmann::json::parse(*text, nullptr, false);
  if (answer.is_discarded())
    return failure(ErrorCode::internal, "GET " + path + ": the answer is not JSON: '" + text->substr(0, 80) + "'");
  return answer;
}

}  // namespace noetl::load
