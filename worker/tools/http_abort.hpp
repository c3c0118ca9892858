#pragma once
// HttpAbort: ends HTTP requests that are cancelled or past their deadline. The client library bounds each
// read, not the whole request, and its own stop() waits while it connects and misses a request that has no
// socket yet. So one thread here shuts down the sockets of such requests, again and again until the
// request has left, through descriptors of its own: the library may close its ones at any time.
// Any thread; one object serves all requests of the tool.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "worker/tools/descriptors.hpp"

namespace noetl::tools {

class HttpAbort {
 public:
  HttpAbort();
  ~HttpAbort();

  // One request: register before the first socket exists, let go after the last is closed.
  class Watch {
   public:
    Watch(HttpAbort& owner, std::chrono::steady_clock::time_point deadline, const std::stop_token& stop);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();
    // Given to the client library, which calls it with each socket before it connects.
    void add_socket(int socket) const;
    [[nodiscard]] bool is_over() const;  // cancelled or late

   private:
    struct Request {
      std::chrono::steady_clock::time_point deadline;
      bool is_cancelled = false;
      std::vector<Fd> sockets;
    };
    friend class HttpAbort;
    struct OnStop {
      Watch* watch;
      void operator()() const noexcept { watch->cancel(); }
    };
    void cancel() noexcept;

    HttpAbort& owner_;
    std::stop_token stop_;
    std::list<Request>::iterator request_;
    std::optional<std::stop_callback<OnStop>> on_stop_;  // last: it may call at once
  };

 private:
  void shut_down_late_ones(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Watch::Request> requests_;
  std::chrono::steady_clock::time_point next_look_ = std::chrono::steady_clock::time_point::max();
  std::uint64_t changes_ = 0;
  std::jthread thread_;
};

}  // namespace noetl::tools
