// Who may come in: pages of other origins, foreign names, bodies of other kinds, tokens.
#include "server/api/access_check.hpp"

#include <doctest/doctest.h>

#include <variant>

using namespace noetl;
using namespace noetl::api;

namespace {

http::Head head(const std::string& lines) {
  auto read = http::read_head("POST /api/v2/commands HTTP/1.1\r\n" + lines + "\r\n");
  REQUIRE(std::holds_alternative<http::Head>(read));
  return std::get<http::Head>(read);
}

const Endpoint& endpoint(std::string_view operation) {
  for (const auto& one : endpoints()) {
    if (one.operation_id == operation) return one;
  }
  FAIL("no such operation");
  return endpoints().front();
}

// 0: it may go on.
int status(const AccessCheck& check, const std::string& lines, std::string_view operation = "pausePool") {
  const auto refusal = check.refusal(head(lines), &endpoint(operation));
  return refusal ? refusal->status : 0;
}

const std::string own = "Host: localhost:8082\r\n";

}  // namespace

TEST_CASE("what a web page of another origin sends is refused on every route, with a body or without") {
  const AccessCheck check({});

  CHECK(status(check, own) == 0);
  for (const char* line : {"Origin: http://evil.example", "Origin: null", "Origin: http://localhost:9999",
                           "Origin: http://localhost:8082\r\nOrigin: http://evil.example", "Sec-Fetch-Site: cross-site",
                           "Sec-Fetch-Site: same-site", "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site"}) {
    CAPTURE(line);
    for (const auto& one : endpoints()) {
      const auto refusal = check.refusal(head(own + line + "\r\n"), &one);
      REQUIRE(refusal.has_value());
      CHECK(refusal->status == 403);
    }
    CHECK(check.refusal(head(own + line + "\r\n"), nullptr)->status == 403);
  }
  CHECK(status(check, own + "Origin: http://localhost:8082\r\nSec-Fetch-Site: same-origin\r\n") == 0);
  CHECK(status(check, own + "Sec-Fetch-Site: none\r\n") == 0);
}

TEST_CASE("while no token is set the server answers to its own names alone") {
  const AccessCheck check(
      {.token = {}, .worker_token = {}, .hosts = {"Box.Example"}, .server_url = "http://server:8082"});

  for (const char* host : {"localhost", "LOCALHOST:1", "127.0.0.1:8082", "[::1]:8082", "box.example", "server:8082"})
    CHECK(status(check, "Host: " + std::string(host) + "\r\n") == 0);
  for (const char* host :
       {"127.evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "localhost.", "127.0.0.2",
        "evil.example", "10.0.0.7:8082", "[::2]", "localhost:80:80", "localhost:", "::1", "2130706433", ""}) {
    CAPTURE(host);
    CHECK(status(check, "Host: " + std::string(host) + "\r\n") == 421);
    CHECK(status(check, "Host: " + std::string(host) + "\r\n", "getCredential") == 421);
    CHECK(status(check, "Host: " + std::string(host) + "\r\n", "livez") == 0);
  }
  CHECK(status(AccessCheck({.token = "t", .worker_token = {}}), "Host: pod-7.example\r\nAuthorization: Bearer t\r\n") ==
        0);
}

TEST_CASE("a body says that it is JSON, or YAML where that is taken") {
  const AccessCheck check({});
  const std::string body = own + "Content-Length: 2\r\n";

  for (const char* type : {"application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""})
    CHECK(status(check, body + "Content-Type: " + type + "\r\n", "enqueueCommands") == 0);
  CHECK(status(check, body + "Content-Type: application/yaml\r\n", "registerPlaybook") == 0);
  CHECK(status(check, own, "pausePool") == 0);
  CHECK(status(check, own + "Content-Length: 0\r\n", "pausePool") == 0);
  CHECK(status(check, body, "enqueueCommands") == 415);
  CHECK(status(check, own + "Transfer-Encoding: chunked\r\n", "enqueueCommands") == 415);
  for (const char* type : {"", "text/plain", "text/plain\t;x", "application/yaml", "application/json\t;charset=utf-8",
                           "application/json; charset=utf-8; x=1", "application/json;", "application/json, text/plain",
                           "application/json\r\nContent-Type: text/plain"}) {
    CAPTURE(type);
    CHECK(status(check, body + "Content-Type: " + type + "\r\n", "enqueueCommands") == 415);
  }
}

TEST_CASE("a body is packed with codings that the server undoes, or it is refused before it is read") {
  const AccessCheck check({});
  const std::string body = own + "Content-Length: 2\r\nContent-Type: application/json\r\n";

  for (const char* known :
       {"gzip", "GZip", "x-gzip", "deflate", "gzip, deflate", "gzip\r\nContent-Encoding: deflate", ""}) {
    CAPTURE(known);
    CHECK(status(check, body + "Content-Encoding: " + known + "\r\n", "enqueueCommands") == 0);
  }
  for (const char* other : {"x", "identity", "br", "zstd", "gzip, br", "gzip\r\nContent-Encoding: br", "gzip;q=1"}) {
    CAPTURE(other);
    CHECK(status(check, body + "Content-Encoding: " + other + "\r\n", "enqueueCommands") == 415);
  }
  CHECK(status(check, own + "Content-Encoding: br\r\n", "pausePool") == 0);  // there is no body
}

TEST_CASE("two tokens: of callers for every route, of workers for theirs") {
  const AccessCheck check({.token = "callers-token", .worker_token = "workers-token"});
  const auto shown = [&](const std::string& token, std::string_view operation) {
    return status(check, own + "Authorization: Bearer " + token + "\r\n", operation);
  };

  for (const auto& one : endpoints()) {
    CAPTURE(one.operation_id);
    const bool is_open = one.open_to.access == Access::everybody;
    const bool is_workers = one.open_to.access == Access::workers;
    CHECK(status(check, own, one.operation_id) == (is_open ? 0 : 401));
    CHECK(shown("callers-token", one.operation_id) == 0);
    CHECK(shown("workers-token", one.operation_id) == (is_open || is_workers ? 0 : 401));
    CHECK(shown("callers-toke", one.operation_id) == (is_open ? 0 : 401));
    CHECK(shown("callers-tokenx", one.operation_id) == (is_open ? 0 : 401));
  }
  CHECK(check.refusal(head(own), nullptr)->status == 401);  // nor is it told which routes there are
  CHECK(status(check, own + "Authorization: Basic callers-token\r\n") == 401);
  CHECK(status(check, own + "Authorization: bearer callers-token\r\n") == 0);
  CHECK(status(check, own + "Authorization: Bearer callers-token\r\nAuthorization: Bearer x\r\n") == 401);
}

TEST_CASE("one token alone opens everything, metrics may be open, and insecure opens all but secrets") {
  for (const AccessSettings& one :
       {AccessSettings{.token = "t", .worker_token = {}}, AccessSettings{.token = {}, .worker_token = "t"}}) {
    const AccessCheck check(one);
    CHECK(status(check, own + "Authorization: Bearer t\r\n", "enqueueCommands") == 0);
    CHECK(status(check, own + "Authorization: Bearer t\r\n", "heartbeat") == 0);
    CHECK(status(check, own, "enqueueCommands") == 401);
    CHECK(status(check, own, "metrics") == 401);
  }
  CHECK(status(AccessCheck({.token = "t", .worker_token = {}, .is_metrics_open = true}), own, "metrics") == 0);
  CHECK(status(AccessCheck({.token = {}, .worker_token = "t", .is_insecure = true}), own, "enqueueCommands") == 0);
  CHECK(status(AccessCheck({.token = "t", .worker_token = {}, .is_insecure = true}), own, "enqueueCommands") == 401);
}

TEST_CASE("of this machine is who calls from loopback under a name of loopback, by no proxy and no page") {
  CHECK(is_local(head(own), "127.0.0.1"));
  CHECK(is_local(head("Host: [::1]:8082\r\n"), "::1"));
  CHECK(is_local(head("Host: 127.0.0.1\r\n"), "::ffff:127.0.0.1"));
  CHECK_FALSE(is_local(head(own), "10.0.0.7"));
  CHECK_FALSE(is_local(head("Host: 127.evil.example\r\n"), "127.0.0.1"));
  CHECK_FALSE(is_local(head("Host: server:8082\r\n"), "127.0.0.1"));
  for (const char* line :
       {"Forwarded: for=1.2.3.4", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: a", "X-Forwarded-Proto: https",
        "Via: 1.1 proxy", "X-Real-IP: 1.2.3.4", "Origin: http://localhost:8082", "Sec-Fetch-Site: none"}) {
    CAPTURE(line);
    CHECK_FALSE(is_local(head(own + line + "\r\n"), "127.0.0.1"));
  }
  auto old = head(own);
  old.minor_version = 0;  // a proxy that tells nothing
  CHECK_FALSE(is_local(old, "127.0.0.1"));
}
