#pragma once
// Listener: the listening socket. Nothing here waits. One thread.
#include <optional>
#include <string>

namespace noetl::http {

struct Accepted {
  int socket = -1;  // does not block; whoever takes it closes it
  std::string peer;  // address
  bool is_loopback = false;
};

class Listener {
 public:
  Listener() = default;
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Port 0 takes a free one. Returns the port. Throws std::runtime_error that says what is in the way.
  int bind(const std::string& host, int port);
  // A connection that waits; nothing when none does. `is_out_of_files`: the system has none to give.
  struct Turn {
    std::optional<Accepted> accepted;
    bool is_out_of_files = false;
  };
  [[nodiscard]] Turn accept() const;
  [[nodiscard]] int socket() const { return socket_; }
  // From now on nobody can connect.
  void close();

 private:
  int socket_ = -1;
};

}  // namespace noetl::http
