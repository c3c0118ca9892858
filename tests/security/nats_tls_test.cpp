// A NATS server that was named by tls:// gets nothing in the clear, whatever it says of itself: server and worker with
// a fake nats-server that does not offer TLS and writes down what it hears.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/certificates.hpp"
#include "tests/support/stack.hpp"

using namespace noetl;
using namespace std::chrono_literals;

namespace {

// Greets every connection, and hears one for as long as it says something.
class FakeNats {
 public:
  explicit FakeNats(std::string greeting) : greeting_(std::move(greeting)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(listen(listener_, 64) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~FakeNats() {
    thread_.request_stop();
    thread_.join();
    for (const int one : peers_) close(one);
    close(listener_);
  }
  FakeNats(const FakeNats&) = delete;
  FakeNats& operator=(const FakeNats&) = delete;

  [[nodiscard]] std::string place() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  // Connections that the peer has ended.
  [[nodiscard]] int ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> waiting{{.fd = listener_, .events = POLLIN, .revents = 0}};
      for (const int one : peers_) waiting.push_back({.fd = one, .events = POLLIN, .revents = 0});
      if (poll(waiting.data(), waiting.size(), 50) <= 0) continue;
      for (const pollfd& one : waiting) {
        if (one.revents == 0) continue;
        if (one.fd == listener_)
          greet();
        else
          hear(one.fd);
      }
    }
  }
  void greet() {
    const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) return;
    peers_.push_back(peer);
    (void)send(peer, greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
  }
  void hear(int peer) {
    char bytes[4096];
    const ssize_t got = recv(peer, bytes, sizeof bytes, 0);
    if (got > 0 && std::string_view(bytes, static_cast<std::size_t>(got)).find("PING\r\n") != std::string_view::npos)
      (void)send(peer, "PONG\r\n", 6, MSG_NOSIGNAL);
    const std::lock_guard lock(mutex_);
    if (got > 0) {
      heard_.append(bytes, static_cast<std::size_t>(got));
      return;
    }
    ++ended_;
    std::erase(peers_, peer);
    close(peer);
  }

  const std::string greeting_;
  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
  std::vector<int> peers_;  // of the thread
  std::mutex mutex_;
  std::string heard_;
  int ended_ = 0;
  std::jthread thread_;
};

constexpr const char* without_tls =
    R"(INFO {"server_id":"X","server_name":"x","version":"2.10.27","go":"go1","host":"127.0.0.1","port":4222,)"
    R"("headers":true,"max_payload":1048576,"proto":1,"jetstream":true})"
    "\r\n";

// The same, but for a client that would take TLS where it is offered.
constexpr const char* with_optional_tls =
    R"(INFO {"server_id":"X","server_name":"x","version":"2.10.27","go":"go1","host":"127.0.0.1","port":4222,)"
    R"("headers":true,"max_payload":1048576,"proto":1,"jetstream":true,"tls_available":true})"
    "\r\n";

// What server and worker have said to it when each has been there several times.
std::string told(FakeNats& nats, const std::map<std::string, std::string>& env) {
  const support::Stack stack({.workers = 1, .env = env});
  support::wait_until("server and worker to try NATS", 20s, [&] { return nats.ended() >= 8; });
  return nats.heard();
}

}  // namespace

TEST_CASE("the fake server hears a password that is sent in the clear") {
  FakeNats nats(without_tls);
  const support::Stack stack({.workers = 1, .env = {{"NATS_URL", "nats://u:PASSWORD1@" + nats.place()}}});

  support::wait_until("the password", 20s, [&] { return nats.heard().find("PASSWORD1") != std::string::npos; });
}

TEST_CASE("tls:// without a certificate of one's own sends nothing to a server that does not speak TLS") {
  FakeNats nats(without_tls);

  CHECK(told(nats, {{"NATS_URL", "tls://u:PASSWORD2@" + nats.place()}}) == "");
}

TEST_CASE("a user, a password and a token of the environment stay with us as well") {
  FakeNats nats(without_tls);

  CHECK(told(nats, {{"NATS_URL", "tls://" + nats.place()},
                    {"NOETL_NATS_USER", "u"},
                    {"NOETL_NATS_PASSWORD", "PASSWORD3"},
                    {"NOETL_NATS_TOKEN", "TOKEN3"}}) == "");
}

TEST_CASE("an authority alone requires TLS, whatever the scheme") {
  const support::Certificates made;
  FakeNats nats(without_tls);

  CHECK(told(nats, {{"NATS_URL", "nats://u:PASSWORD4@" + nats.place()}, {"NOETL_NATS_CA", made.file("ca.pem")}}) == "");
}

TEST_CASE("a server that could speak TLS and answers in the clear hears no login") {
  FakeNats nats(with_optional_tls);
  const support::Stack stack({.workers = 1, .env = {{"NATS_URL", "tls://u:PASSWORD5@" + nats.place()}}});

  CHECK(support::holds_for(3s, [&] {
    const std::string heard = nats.heard();
    return heard.find("CONNECT") == std::string::npos && heard.find("PASSWORD5") == std::string::npos;
  }));
}
