#include "tests/support/token_server.hpp"

#include <httplib.h>

#include <set>
#include <thread>

#include "shared/base/guarded.hpp"

namespace noetl::support {

struct TokenServer::Serving {
  httplib::Server server;
  int port = 0;
  base::Guarded<std::set<std::string>> tokens;
  std::thread thread;
};

TokenServer::TokenServer() : serving_(std::make_unique<Serving>()) {
  serving_->server.Post("/token", [this](const httplib::Request& request, httplib::Response& response) {
    while (askers_ < wait_for_askers) std::this_thread::yield();
    if (is_broken) {
      response.status = 500;
      return;
    }
    const bool is_known = request.get_param_value("client_id") == client_id &&
                          request.get_param_value("client_secret") == client_secret &&
                          request.get_param_value("grant_type") == "client_credentials";
    if (!is_known) {
      response.status = 401;
      response.set_content(R"({"error":"invalid_client","error_description":")" + request.body + "\"}",
                           "application/json");
      return;
    }
    const std::string token = token_mark() + std::to_string(++tokens_given);
    serving_->tokens.with([&](auto& tokens) { tokens.insert(token); });
    response.set_content(
        R"({"access_token":")" + token + R"(","token_type":"Bearer","expires_in":)" + std::to_string(expires_in) + "}",
        "application/json");
  });
  serving_->server.Get("/protected", [this](const httplib::Request& request, httplib::Response& response) {
    const std::string header = request.get_header_value("Authorization");
    const bool is_good = header.starts_with("Bearer ") &&
                         serving_->tokens.with([&](const auto& tokens) { return tokens.contains(header.substr(7)); });
    ++(is_good ? protected_hits : protected_refusals);
    response.status = is_good ? 200 : 401;
    // Echoes what it was sent, as debugging endpoints do.
    response.set_content(R"({"is_good":)" + std::string(is_good ? "true" : "false") + R"(,"seen":")" + header + "\"}",
                         "application/json");
  });
  serving_->port = serving_->server.bind_to_any_port("127.0.0.1");
  serving_->thread = std::thread([this] { serving_->server.listen_after_bind(); });
}

TokenServer::~TokenServer() {
  wait_for_askers = 0;
  while (!serving_->server.is_running()) std::this_thread::yield();
  serving_->server.stop();
  serving_->thread.join();
}

std::string TokenServer::url() const { return "http://127.0.0.1:" + std::to_string(serving_->port); }

}  // namespace noetl::support
