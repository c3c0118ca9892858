#pragma once
// SocketLoop: one thread that watches every connection which is not being answered: new ones, idle ones, incomplete requests, and
// responses that a slow peer still reads. A peer that sends or reads slowly costs its own few bytes here, and no thread.
// run() belongs to one thread; give_back() and stop() may be called from any.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/base/guarded.hpp"
#include "shared/http/connection.hpp"
#include "shared/http/listener.hpp"

namespace noetl::http {

struct LoopLimits {
  std::size_t connections_max = 4096;
  std::size_t connections_per_address_max = 1024;  // of an address beyond loopback
  std::size_t head_bytes_in_memory_max = 8UL * 1024 * 1024;  // of incomplete heads together
  std::size_t output_bytes_max = 256UL * 1024 * 1024;  // of responses that peers still read, together
};

class SocketLoop {
 public:
  // Takes a connection whose request is whole, or leaves it there and says false: every thread is in use.
  using Dispatch = std::function<bool(std::unique_ptr<Connection>&)>;
  struct Counters {
    std::function<void(int)> connections;  // so many more
    std::function<void()> refused;
  };

  SocketLoop(Application& application, MemoryBudget& budget, const ConnectionLimits& connection, LoopLimits limits,
             Counters counters);
  ~SocketLoop();
  SocketLoop(const SocketLoop&) = delete;
  SocketLoop& operator=(const SocketLoop&) = delete;

  // Until stop(), and until what was dispatched has come back and its responses are sent.
  void run(Listener& listener, const Dispatch& dispatch);
  enum class Return { watch, answer, broken };  // answer: it has another request, and the thread may not go on
  void give_back(std::unique_ptr<Connection> connection, Return how);
  void stop();
  [[nodiscard]] bool is_stopping() const { return is_stopping_; }

 private:
  using Clock = Connection::Clock;
  struct Returned {
    std::unique_ptr<Connection> connection;
    Return how = Return::watch;
  };

  void wake() const;
  void turn(Listener& listener);
  void accept_waiting(Listener& listener);
  [[nodiscard]] bool has_place_for(const Accepted& accepted);
  [[nodiscard]] bool make_room();
  void take_returned();
  [[nodiscard]] std::size_t held_output() const;
  void on_event(Connection& connection);
  // Goes on with what was received, until more must come; the connection may be gone after it.
  void go_on(Connection& connection, bool is_open);
  [[nodiscard]] bool answer(Connection& connection);  // false: it was taken by a thread
  void finish_sending(Connection& connection);  // and goes on
  [[nodiscard]] bool send_and_begin_next(Connection& connection);
  void arm(const Connection& connection, std::uint32_t events) const;
  void end(const Connection& connection);
  void sweep(Listener& listener);
  [[nodiscard]] const Connection* oldest(bool (Connection::*is_such)() const) const;
  [[nodiscard]] bool end_oldest(bool (Connection::*is_such)() const);
  void begin_to_stop(Listener& listener);
  void listen_to(int socket, bool is_on);

  Application& application_;
  MemoryBudget& budget_;
  const ConnectionLimits& connection_limits_;
  const LoopLimits limits_;
  const Counters counters_;
  const int epoll_;
  const int wake_;
  std::atomic<bool> is_stopping_{false};
  base::Guarded<std::vector<Returned>> returned_;

  // Of the thread of run() alone.
  const Dispatch* dispatch_ = nullptr;
  std::unordered_map<int, std::unique_ptr<Connection>> watched_;
  std::unordered_map<std::string, std::size_t> by_address_;  // connections of addresses beyond loopback
  std::size_t away_ = 0;  // connections that threads answer
  Clock::time_point next_sweep_;
  bool is_listening_ = false;
  bool has_begun_to_stop_ = false;
};

}  // namespace noetl::http
