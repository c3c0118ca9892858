// A credential goes to its own hosts and to no other, whatever a playbook names: neither a password to a database of the author's, nor a
// token to a server of his, at once, by a redirect, through a proxy, or from the server on behalf of a keychain.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/security/credential_steps.hpp"
#include "tests/support/local_http.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const std::string password = "S3cretPassw0rd!";
const std::string token = "tok_ABCDEFGH12345678";

// Asks whoever connects for the password in the clear, and keeps all that is sent to it.
class FakePostgres {
 public:
  FakePostgres() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener_, 16) == 0);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~FakePostgres() {
    thread_.request_stop();
    thread_.join();
    close(listener_);
  }
  FakePostgres(const FakePostgres&) = delete;
  FakePostgres& operator=(const FakePostgres&) = delete;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  static bool is_readable(int descriptor, int milliseconds) {
    pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
    return poll(&watched, 1, milliseconds) == 1;
  }
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!is_readable(listener_, 50)) continue;
      const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) continue;
      std::string seen;
      while (!stop.stop_requested() && is_readable(peer, 500)) {
        char bytes[4096];
        const auto count = recv(peer, bytes, sizeof bytes, 0);
        if (count <= 0) break;
        seen.append(bytes, static_cast<std::size_t>(count));
        const bool asks_for_tls = seen.size() == 8 && static_cast<unsigned char>(seen[7]) == 0x2F;
        const std::string answer = asks_for_tls ? "N" : std::string("R\0\0\0\x08\0\0\0\x03", 9);
        if (send(peer, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
      }
      close(peer);
      const std::lock_guard lock(mutex_);
      received_ += seen + "|";
    }
  }

  const int listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::string received_;  // guarded by mutex_
  std::jthread thread_;
};

// Remembers every head and body. 127.0.0.1 and localhost are two hosts.
struct Peer {
  Peer() {
    const auto remember = [this](const httplib::Request& request, httplib::Response& response) {
      Json seen{{"path", request.target}, {"body", request.body}};
      for (const auto& [name, value] : request.headers) seen["headers"][name] = value;
      {
        const std::lock_guard lock(mutex);
        seen_ += seen.dump() + "\n";
      }
      response.set_content(seen.dump(), "application/json");
    };
    http.server.Get("/away", [this](const httplib::Request&, httplib::Response& response) {
      response.set_redirect(elsewhere("/echo"), 307);
    });
    http.server.Get(".*", remember);
    http.server.Post(".*", remember);
    http.listen();
  }
  [[nodiscard]] std::string elsewhere(const std::string& path) const {
    return "http://localhost:" + std::to_string(http.port()) + path;
  }
  [[nodiscard]] std::string seen() {
    const std::lock_guard lock(mutex);
    return seen_;
  }
  std::mutex mutex;
  std::string seen_;  // guarded by mutex
  LocalHttp http;
};

}  // namespace

TEST_CASE("a database that a playbook names is never sent the password of a credential") {
  FakePostgres fake;
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(stack, {{"name", "victim"},
                         {"type", "postgres"},
                         {"data", {{"db_host", "db.internal"}, {"db_user", "app"}, {"db_password", password}}}});
  const std::string dsn = "postgresql://127.0.0.1:" + std::to_string(fake.port()) + "/x";

  const Json beside[] = {
      {{"db_host", "127.0.0.1"}, {"db_port", fake.port()}},
      {{"db_port", fake.port()}},
      {{"connection_string", dsn}},
      {{"dsn", dsn}},
      {{"sslmode", "disable"}},
      {{"spec", {{"connection_string", dsn}}}},
      {{"auth", {{"credential", "victim"}, {"db_host", "127.0.0.1"}, {"db_port", fake.port()}}}},
      {{"auth", {{"pg", {{"type", "postgres"}, {"key", "victim"}, {"host", "127.0.0.1"}}}}}},
  };
  for (const auto& options : beside) {
    Json tool{{"kind", "postgres"}, {"auth", "victim"}, {"query", "select 1"}};
    tool.update(options);
    CAPTURE(tool.dump());
    const Json command = run_tool(stack, tool);
    CHECK(command.at("error").at("kind") == "invalid_input");
    CHECK_MESSAGE(command.dump().find("victim") != std::string::npos, command.dump(2));
  }
  const auto path = stack.register_playbook(
      one_step("inline", "  - {name: k, kind: credential, credential: victim}\n",
               "      {kind: postgres, db_host: 127.0.0.1, db_port: " + std::to_string(fake.port()) +
                   ", db_user: app, db_password: '{{ keychain.k.db_password }}', query: select 1}\n"));
  const auto execution = stack.wait_for_execution(stack.execute(path, Json::object()));
  CHECK_MESSAGE(execution.dump().find("may not be sent to 127.0.0.1") != std::string::npos, execution.dump(2));
  CHECK(fake.received().empty());
}

TEST_CASE("a database that asks for a password in the clear, on a line that anybody can read, does not get it") {
  FakePostgres fake;
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(
      stack,
      {{"name", "own"},
       {"type", "postgres"},
       {"data", {{"db_host", "127.0.0.1"}, {"db_port", fake.port()}, {"db_user", "app"}, {"db_password", password}}}});

  const Json command = run_tool(stack, {{"kind", "postgres"}, {"auth", "own"}, {"query", "select 1"}});

  CHECK_MESSAGE(command.at("error").at("kind") == "auth", command.dump(2));
  wait_until("the connection is over", 10s, [&] { return !fake.received().empty(); });
  CHECK(fake.received().find(password) == std::string::npos);
}

TEST_CASE("a token is sent to the hosts that its credential names, and to no other") {
  Peer peer;
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(stack, {{"name", "nowhere"}, {"type", "bearer"}, {"data", {{"token", token}}}});
  put_credential(stack, {{"name", "here"}, {"type", "bearer"}, {"data", {{"token", token}}}, {"hosts", {"127.0.0.1"}}});
  put_credential(stack, {{"name", "other"},
                         {"type", "bearer"},
                         {"data", {{"token", token}}},
                         {"hosts", {"api.example.com", "*.example.org:443"}}});

  for (const Json& tool : std::vector<Json>{
           {{"kind", "http"}, {"url", peer.http.url("/echo")}, {"auth", "nowhere"}},
           {{"kind", "http"}, {"url", peer.http.url("/echo")}, {"auth", "other"}},
           {{"kind", "http"}, {"url", peer.elsewhere("/echo")}, {"auth", "here"}},
           {{"kind", "http"}, {"url", peer.elsewhere("/echo")}, {"auth", {{"type", "bearer"}, {"key", "here"}}}},
           {{"kind", "http"}, {"url", "http://127.0.0.1:1/"}, {"auth", "here"}, {"proxy", peer.elsewhere("")}},
           {{"kind", "transfer"},
            {"source", {{"type", "http"}, {"url", peer.elsewhere("/echo")}, {"auth", "here"}}},
            {"target", {{"type", "http"}, {"url", peer.elsewhere("/echo")}}}},
           {{"kind", "s3"}, {"action", "get"}, {"uri", "s3://b/k"}, {"endpoint", peer.elsewhere("")}, {"auth", "here"}},
           {{"kind", "python"},
            {"script", {{"uri", peer.elsewhere("/code")}, {"source", {{"type", "http"}, {"auth", "here"}}}}}},
       }) {
    CAPTURE(tool.dump());
    const Json command = run_tool(stack, tool);
    CHECK_MESSAGE(command.at("error").at("kind") == "auth", command.dump(2));
    CHECK(command.dump().find("may not be sent to") != std::string::npos);
  }
  CHECK(peer.seen().empty());

  const Json sent = run_tool(stack, {{"kind", "http"}, {"url", peer.http.url("/echo")}, {"auth", "here"}});
  CHECK_MESSAGE(sent.at("status") == "done", sent.dump(2));
  CHECK(peer.seen().find("Bearer " + token) != std::string::npos);
}

TEST_CASE(
    "a token does not follow a redirect to another host, and what the keychain gave is not carried there either") {
  Peer peer;
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(stack, {{"name", "here"}, {"type", "bearer"}, {"data", {{"token", token}}}, {"hosts", {"127.0.0.1"}}});

  static_cast<void>(run_tool(stack, {{"kind", "http"}, {"url", peer.http.url("/away")}, {"auth", "here"}}));
  const auto path = stack.register_playbook(one_step(
      "carried", "  - {name: k, kind: credential, credential: here}\n",
      "      {kind: http, url: '" + peer.http.url("/away") + "', headers: {X-Own-Token: '{{ keychain.k.token }}'}}\n"));
  static_cast<void>(stack.wait_for_execution(stack.execute(path, Json::object())));

  CHECK_MESSAGE(peer.seen().find(token) == std::string::npos, peer.seen());
}

TEST_CASE("the server sends a credential to no token endpoint but those of its hosts") {
  Peer peer;
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", credential_test_key}}});
  put_credential(
      stack, {{"name", "login"},
              {"type", "oauth2"},
              {"data", {{"client_id", "me"}, {"client_secret", password}, {"token_url", "https://id.example/token"}}}});

  const std::pair<const char*, std::string> chains[] = {
      {"direct",
       "  - {name: k, kind: oauth2, scope: global, credential: login, endpoint: '" + peer.http.url("/token") + "'}\n"},
      {"by-entry",
       "  - {name: l, kind: credential, credential: login}\n"
       "  - {name: k, kind: oauth2, scope: global, endpoint: '" +
           peer.http.url("/token") + "', data: {x: '{{ keychain.l.client_secret }}'}}\n"},
      {"own-hosts", "  - {name: k, kind: oauth2, scope: global, credential: login, hosts: ['*'], endpoint: '" +
                        peer.http.url("/token") + "'}\n"},
  };
  for (const auto& [name, chain] : chains) {
    CAPTURE(name);
    const auto path = stack.register_playbook(
        one_step(name, chain,
                 "      {kind: http, url: '" + peer.http.url("/api") + "', headers: {X: '{{ keychain.k.token }}'}}\n"));
    const auto execution = stack.wait_for_execution(stack.execute(path, Json::object()));
    CHECK_MESSAGE(execution.dump().find("may not be sent to 127.0.0.1") != std::string::npos, execution.dump(2));
  }
  CHECK(peer.seen().empty());
}
