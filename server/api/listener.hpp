#pragma once
// Listener: the listening socket. accept() waits for a connection until stop(); a connection that cannot
// be served is refused with 503 instead of being left to time out. bind() and accept() belong to one
// thread; stop() may be called from any.
#include <chrono>
#include <deque>
#include <string>

namespace noetl::api {

class Listener {
 public:
  Listener();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Port 0 takes a free one. Returns the port. Throws std::runtime_error that says what is in the way.
  int bind(const std::string& host, int port);
  // A connected socket, or -1 after stop().
  [[nodiscard]] int accept();
  // Answers `socket` with 503 without waiting for its request, and closes it a little later.
  void refuse(int socket);
  void stop();

  // Readable from stop() on.
  [[nodiscard]] int stop_event() const { return stop_event_; }
  [[nodiscard]] bool is_stopping() const;

 private:
  struct Refused {
    int socket = -1;
    std::chrono::steady_clock::time_point until;
  };
  void close_refused(bool all);

  int socket_ = -1;
  int stop_event_ = -1;
  std::deque<Refused> refused_;  // oldest first
};

}  // namespace noetl::api
