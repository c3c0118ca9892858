#pragma once
// Connection: one accepted socket, from the first byte of a request to the last of its response. Nothing here waits: it takes what has
// come, says what is still missing, and sends as much as the socket takes. One thread at a time; it is handed between the thread
// of the sockets and those that answer.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "shared/http/application.hpp"
#include "shared/http/chunks.hpp"

namespace noetl::http {

struct ConnectionLimits {
  std::chrono::milliseconds keep_alive{75'000};  // idle between two requests
  std::chrono::milliseconds head_time{10'000};  // first byte to the end of the head
  std::chrono::milliseconds body_time{120'000};  // end of the head to the end of the body
  std::chrono::milliseconds slack{10'000};  // before the least rate counts
  std::size_t bytes_per_second_min = 8 * 1024;  // of a body, and of a response that is read
  std::size_t requests_max = 1'000'000;
};

class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Progress {
    missing,  // more bytes must come
    request,  // take_request() has a whole one
    response,  // a refusal is ready to be sent
  };

  // Owns `socket`, which does not block.
  Connection(int socket, bool is_loopback, std::string peer, const ConnectionLimits& limits);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Takes what has come. False: the peer has closed, or the connection is broken.
  [[nodiscard]] bool receive();
  // As far as what was received goes.
  [[nodiscard]] Progress advance(Application& application, MemoryBudget& budget);
  [[nodiscard]] Place place() const { return place_; }
  [[nodiscard]] Request take_request();
  // Puts a response into the output. `is_last`: says that the connection ends.
  void respond(Response response, bool is_last);
  // A refusal of the server's own; the connection ends.
  void refuse(Application& application, const Refused& what);
  // Sends what the socket takes. False: broken.
  [[nodiscard]] bool send();
  [[nodiscard]] bool has_output() const { return out_begin_ < out_.size(); }
  // After the response went out: does the connection end?
  [[nodiscard]] bool ends() const { return ends_; }
  // The end of the response is sent: the peer may read it, what it still sends is dropped.
  void begin_closing();
  // False: the peer has closed as well, or sends without end.
  [[nodiscard]] bool drop_received();
  void begin_next();

  // When it ends if nothing more happens.
  [[nodiscard]] Clock::time_point deadline() const;
  [[nodiscard]] bool is_idle() const { return phase_ == Phase::idle; }
  [[nodiscard]] bool is_in_head() const { return phase_ == Phase::head; }
  [[nodiscard]] bool is_in_body() const { return phase_ == Phase::body; }
  [[nodiscard]] bool is_answered() const { return phase_ == Phase::answered; }
  [[nodiscard]] bool is_closing() const { return phase_ == Phase::closing; }
  [[nodiscard]] Clock::time_point since() const { return since_; }  // of the phase
  [[nodiscard]] std::size_t bytes_held() const { return in_.size(); }
  [[nodiscard]] std::size_t output_bytes() const { return out_.size() - out_begin_; }
  [[nodiscard]] bool is_loopback() const { return is_loopback_; }
  [[nodiscard]] const std::string& peer() const { return peer_; }
  [[nodiscard]] int socket() const { return socket_; }

 private:
  enum class Phase { idle, head, body, answered, closing };

  void enter(Phase phase);
  [[nodiscard]] Progress read_head(Application& application, MemoryBudget& budget);
  [[nodiscard]] Progress read_body(Application& application);
  [[nodiscard]] Progress end_with(Application& application, const Refused& what);
  void say_continue();
  void take_in(std::size_t bytes);  // away from the beginning of in_

  const int socket_;
  const bool is_loopback_;
  const std::string peer_;
  const ConnectionLimits& limits_;
  Phase phase_ = Phase::idle;
  Clock::time_point since_;
  std::string in_;
  HeadEnd head_end_;
  Request request_;
  Place place_ = Place::general;
  std::size_t body_bytes_max_ = 0;
  std::optional<ChunkReader> chunks_;
  std::size_t requests_ = 0;
  bool is_head_request_ = false;
  bool is_old_ = false;  // HTTP/1.0
  bool ends_ = false;
  std::string out_;
  std::size_t out_begin_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace noetl::http
