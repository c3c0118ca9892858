// The one call that the server makes to others: what it takes as an answer, and for how long it waits.
#include "server/vault/token_request.hpp"

#include <doctest/doctest.h>
#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace noetl;
using namespace std::chrono_literals;

namespace {

class Endpoint {
 public:
  Endpoint() {
    server_.Post("/token", [](const httplib::Request& request, httplib::Response& response) {
      response.set_content(R"({"access_token":"t","sent":")" + request.body + "\"}", "application/json");
    });
    server_.Post("/trickle", [this](const httplib::Request&, httplib::Response& response) {
      response.set_chunked_content_provider("application/json", [this](std::size_t, httplib::DataSink& sink) {
        return !closes_within(5ms) && sink.write(" ", 1);
      });
    });
    server_.Post("/silence",
                 [this](const httplib::Request&, httplib::Response&) { (void)closes_within(1min); });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
  }
  ~Endpoint() {
    {
      const std::lock_guard lock(mutex_);
      is_closing_ = true;
    }
    closing_.notify_all();
    server_.stop();
  }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  bool closes_within(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return closing_.wait_for(lock, time, [this] { return is_closing_; });
  }

  std::mutex mutex_;
  std::condition_variable closing_;
  bool is_closing_ = false;  // guarded by mutex_
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

vault::TokenRequest request_to(const std::string& url, std::chrono::milliseconds time_max) {
  vault::TokenRequest request;
  request.url = url;
  request.form = {{"a", "b c"}};
  request.time_max = time_max;
  return request;
}

}  // namespace

TEST_CASE("a token endpoint's answer is its JSON object") {
  const Endpoint endpoint;

  const auto answer = vault::request_token(request_to(endpoint.url("/token"), 20s));

  REQUIRE_MESSAGE(answer, answer.error().message);
  CHECK(answer->at("access_token") == "t");
  CHECK(answer->at("sent") == "a=b%20c");
}

TEST_CASE(
    "an endpoint that says nothing, or a byte now and then, holds nobody beyond the bound of the answer") {
  const Endpoint endpoint;
  for (const char* path : {"/trickle", "/silence"}) {
    INFO(path);
    const auto began = std::chrono::steady_clock::now();

    const auto answer = vault::request_token(request_to(endpoint.url(path), 200ms));

    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == base::ErrorCode::unavailable);
    CHECK(answer.error().message.find(path) != std::string::npos);
    CHECK(answer.error().message.find("did not answer whole within 200 ms") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - began < 5s);
  }
}
