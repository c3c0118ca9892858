#pragma once
// Connection: one accepted socket as cpp-httplib reads and writes it. Its own loop instead of the
// library's, which polls idle connections a hundred times a second, sends head and body in two packets
// and bounds neither the head nor the time that a request may take to arrive. One thread at a time.
#include <httplib.h>

#include <array>
#include <chrono>
#include <string>

namespace noetl::api {

struct ConnectionLimits {
  std::chrono::milliseconds keep_alive{15'000};  // idle between two requests
  std::chrono::milliseconds head_time{10'000};  // first byte to the end of the head
  std::chrono::milliseconds body_time{120'000};  // end of the head to the end of the body
  std::chrono::milliseconds read_timeout{10'000};  // between two arrivals of bytes
  std::chrono::milliseconds write_timeout{30'000};
  std::size_t head_bytes_max = 64 * 1024;
};

class Connection final : public httplib::Stream {
 public:
  // Owns `socket`. `stop_event` becomes readable when the door closes: idle connections end then.
  Connection(int socket, int stop_event, const ConnectionLimits& limits);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Waits for the first byte of a request. False: closed, idle for too long, the door closes, or
  // `must_make_room` says that another connection needs the thread.
  template <class Predicate>
  [[nodiscard]] bool wait_for_request(const Predicate& must_make_room) {
    const auto deadline = std::chrono::steady_clock::now() + limits_.keep_alive;
    for (;;) {
      switch (wait_a_little(deadline)) {
        case Arrival::request: return true;
        case Arrival::end: return false;
        case Arrival::nothing: break;
      }
      if (must_make_room()) return false;
    }
  }
  void begin_head();
  void begin_body();
  // While a request is being answered: the peer has not closed the connection, as far as is known here.
  [[nodiscard]] bool is_peer_there() const;
  // After the reply was written. False: the peer is gone.
  [[nodiscard]] bool flush() const;
  // Nothing more is read for a request: what is not read yet is not the next request.
  void end_after_reply() { ends_after_reply_ = true; }
  [[nodiscard]] bool ends_after_reply() const { return ends_after_reply_; }
  // Lets the peer read the reply before the connection goes: closing with unread bytes would reset it.
  void close_politely();

  [[nodiscard]] bool is_readable() const override;
  [[nodiscard]] bool is_writable() const override;
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] socket_t socket() const override { return socket_; }

 private:
  enum class Arrival { request, nothing, end };
  enum class Phase { idle, head, body };

  [[nodiscard]] Arrival wait_a_little(std::chrono::steady_clock::time_point deadline) const;
  ssize_t receive(char* to, std::size_t size);
  [[nodiscard]] bool send_all(const char* from, std::size_t size) const;

  const int socket_;
  const int stop_event_;
  const ConnectionLimits& limits_;
  std::string remote_ip_;
  int remote_port_ = 0;
  Phase phase_ = Phase::idle;
  std::size_t head_bytes_ = 0;
  std::chrono::steady_clock::time_point deadline_;
  bool ends_after_reply_ = false;
  std::array<char, 16 * 1024> in_{};
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  mutable std::string out_;  // mutable: httplib asks is_writable() const before it waits for more to write
};

}  // namespace noetl::api
