// The one call that the server makes to others: what it takes as an answer, and for how long it waits.
#include "server/vault/token_request.hpp"

#include <doctest/doctest.h>

#include <chrono>

#include "tests/support/local_http.hpp"
#include "tests/support/open_reach.hpp"

using namespace noetl;
using namespace std::chrono_literals;

namespace {

class Endpoint {
 public:
  Endpoint() {
    http_.server.Post("/token", [](const httplib::Request& request, httplib::Response& response) {
      response.set_content(R"({"access_token":"t","sent":")" + request.body + "\"}", "application/json");
    });
    http_.server.Post("/busy", [](const httplib::Request&, httplib::Response& response) {
      response.status = 429;
      response.set_header("Retry-After", "1.5");
    });
    http_.server.Post("/trickle", [this](const httplib::Request&, httplib::Response& response) {
      response.set_chunked_content_provider("application/json", [this](std::size_t, httplib::DataSink& sink) {
        return !http_.closes_within(5ms) && sink.write(" ", 1);
      });
    });
    http_.server.Post("/silence",
                      [this](const httplib::Request&, httplib::Response&) { (void)http_.closes_within(1min); });
    http_.listen();
  }
  [[nodiscard]] std::string url(const std::string& path) const { return http_.url(path); }

 private:
  support::LocalHttp http_;
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

  const auto answer = vault::request_token(request_to(endpoint.url("/token"), 20s), support::open_reach()->egress);

  REQUIRE_MESSAGE(answer, answer.error().message);
  CHECK(answer->at("access_token") == "t");
  CHECK(answer->at("sent") == "a=b%20c");
}

TEST_CASE("a token endpoint that has too much to do says when to come again") {
  const Endpoint endpoint;

  const auto answer = vault::request_token(request_to(endpoint.url("/busy"), 20s), support::open_reach()->egress);

  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == base::ErrorCode::unavailable);
  CHECK(answer.error().retry_after == 1500ms);
}

TEST_CASE("an endpoint that says nothing, or a byte now and then, holds nobody beyond the bound of the answer") {
  const Endpoint endpoint;
  for (const char* path : {"/trickle", "/silence"}) {
    INFO(path);
    const auto began = std::chrono::steady_clock::now();

    const auto answer = vault::request_token(request_to(endpoint.url(path), 200ms), support::open_reach()->egress);

    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == base::ErrorCode::unavailable);
    CHECK(answer.error().message.find(path) != std::string::npos);
    CHECK(answer.error().message.find("did not answer whole within 200 ms") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - began < 5s);
  }
}
