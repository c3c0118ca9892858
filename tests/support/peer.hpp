#pragma once
// Peer: listens on a free port of every address of this machine, keeps what it reads, and answers each connection with what
// the test says, for as long as the other side takes it. One thread makes and ends it.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace noetl::support {

class Peer {
 public:
  // Gives the next piece of the answer to a request; empty: the answer is over.
  using Answer = std::function<std::string(std::size_t piece)>;

  explicit Peer(Answer answer) : answer_(std::move(answer)) {
    listening_ = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int no = 0;
    setsockopt(listening_, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    socklen_t length = sizeof any;
    if (bind(listening_, reinterpret_cast<sockaddr*>(&any), sizeof any) != 0 || listen(listening_, 64) != 0 ||
        getsockname(listening_, reinterpret_cast<sockaddr*>(&any), &length) != 0)
      throw std::runtime_error("the peer cannot listen");
    port_ = ntohs(any.sin6_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~Peer() {
    thread_.request_stop();
    thread_.join();
    close(listening_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string at(const std::string& host) const { return "http://" + host + ":" + std::to_string(port_); }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::string heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd watched{.fd = listening_, .events = POLLIN, .revents = 0};
      if (poll(&watched, 1, 20) <= 0) continue;
      const int connection = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) continue;
      ++connections_;
      answer(connection, stop);
      close(connection);
    }
  }
  void answer(int connection, const std::stop_token& stop) {
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string request;
    std::string bytes(65536, '\0');
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = recv(connection, bytes.data(), bytes.size(), 0);
      if (count <= 0) break;
      request.append(bytes.data(), static_cast<std::size_t>(count));
    }
    {
      const std::lock_guard lock(mutex_);
      heard_ += request;
    }
    for (std::size_t piece = 0; !stop.stop_requested(); ++piece) {
      const std::string next = answer_(piece);
      if (next.empty() || !sent(connection, next)) return;
    }
  }
  static bool sent(int connection, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t count = send(connection, text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (count <= 0) return false;
      at += static_cast<std::size_t>(count);
    }
    return true;
  }

  Answer answer_;
  int listening_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::string heard_;  // guarded by mutex_
  std::jthread thread_;
};

// One whole answer, with its length.
inline Peer::Answer once(const std::string& head, const std::string& body) {
  return [text = head + "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
                 body](std::size_t piece) { return piece == 0 ? text : std::string(); };
}

}  // namespace noetl::support
