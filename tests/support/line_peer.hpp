#pragma once
// LinePeer: a server of a line protocol on a free port of 127.0.0.1: it greets, keeps what it reads, and answers each piece with
// what the test says. One thread makes and ends it.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace noetl::support {

class LinePeer {
 public:
  using Answer = std::function<std::string(std::string_view piece)>;

  LinePeer(std::string greeting, Answer answer) : greeting_(std::move(greeting)), answer_(std::move(answer)) {
    listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof here;
    if (bind(listening_, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0 || listen(listening_, 64) != 0 ||
        getsockname(listening_, reinterpret_cast<sockaddr*>(&here), &length) != 0)
      throw std::runtime_error("the peer cannot listen");
    port_ = ntohs(here.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~LinePeer() {
    thread_.request_stop();
    thread_.join();
    close(listening_);
  }
  LinePeer(const LinePeer&) = delete;
  LinePeer& operator=(const LinePeer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

  // A nats-server, as far as a client needs one that only sends.
  static LinePeer nats() {
    return {R"(INFO {"server_id":"x","version":"2.9.0","proto":1,"headers":true,"max_payload":1048576})"
            "\r\n",
            [](std::string_view piece) { return std::string(piece.ends_with("PING\r\n") ? "PONG\r\n" : ""); }};
  }

 private:
  void serve(const std::stop_token& stop) {
    std::vector<pollfd> watched{{.fd = listening_, .events = POLLIN, .revents = 0}};
    while (!stop.stop_requested()) {
      if (poll(watched.data(), watched.size(), 20) <= 0) continue;
      if (watched[0].revents != 0) {
        const int connection = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0) {
          tell(connection, greeting_);
          watched.push_back({.fd = connection, .events = POLLIN, .revents = 0});
        }
      }
      for (std::size_t i = watched.size() - 1; i > 0; --i) {
        if (watched[i].revents == 0 || take(watched[i].fd)) continue;
        close(watched[i].fd);
        watched.erase(watched.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    for (std::size_t i = 1; i < watched.size(); ++i) close(watched[i].fd);
  }
  bool take(int connection) {
    std::string bytes(65536, '\0');
    const ssize_t count = recv(connection, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count <= 0) return false;
    bytes.resize(static_cast<std::size_t>(count));
    {
      const std::lock_guard lock(mutex_);
      heard_ += bytes;
    }
    tell(connection, answer_(bytes));
    return true;
  }
  static void tell(int connection, const std::string& text) {
    if (!text.empty()) (void)send(connection, text.data(), text.size(), MSG_NOSIGNAL);
  }

  std::string greeting_;
  Answer answer_;
  int listening_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::string heard_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace noetl::support
