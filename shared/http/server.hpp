#pragma once
// Server: an Application behind a port. One thread reads requests and sends what peers read slowly (SocketLoop), others answer
// whole requests (HandlerPool); those that watch the server have two of their own. serve() belongs to one thread, stop() to any.
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include "shared/http/application.hpp"
#include "shared/http/handler_pool.hpp"
#include "shared/http/socket_loop.hpp"

namespace noetl::http {

struct ServerSettings {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any that is free
  std::size_t threads_max = 256;
  std::size_t requests_waiting_max = 256;  // for a thread, of each lane; more are refused with 503
  std::size_t body_bytes_in_memory_max = 512UL * 1024 * 1024;
  LoopLimits loop = {};
  ConnectionLimits connection = {};
};

class Server {
 public:
  Server(Application& application, ServerSettings settings, SocketLoop::Counters counters);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Returns the port. Throws std::runtime_error when the address cannot be had.
  int bind();
  // Until stop(), and until what is in flight was answered.
  void serve();
  void stop() { loop_.stop(); }

 private:
  [[nodiscard]] bool dispatch(std::unique_ptr<Connection>& connection);
  void answer_on_thread(std::unique_ptr<Connection> connection, bool may_linger) noexcept;
  // False: the connection was given back.
  [[nodiscard]] bool next_request(std::unique_ptr<Connection>& connection);

  Application& application_;
  const ServerSettings settings_;
  MemoryBudget budget_;
  Listener listener_;
  SocketLoop loop_;
  std::atomic<std::size_t> lingering_{0};  // threads that wait a little for the next request of their connection
  HandlerPool health_;
  HandlerPool pool_;  // last: its threads use all of the above
};

}  // namespace noetl::http
