#pragma once
// LocalHttp: an HTTP server on a free port of 127.0.0.1 whose routes the test writes. Slow routes end when it does. Keep it as
// the last member of what its routes use. Needs cpp-httplib and noetl_test_support to be linked. One thread makes and ends it.
#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "tests/support/wait_until.hpp"

namespace noetl::support {

class LocalHttp {
 public:
  LocalHttp() = default;
  ~LocalHttp() {
    {
      const std::lock_guard lock(mutex_);
      is_closing_ = true;
    }
    closing_.notify_all();
    server.stop();
  }
  LocalHttp(const LocalHttp&) = delete;
  LocalHttp& operator=(const LocalHttp&) = delete;

  // Once all routes are there.
  void listen() {
    port_ = server.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server.listen_after_bind(); });
    // To stop a server that does not listen yet is to do nothing, and then it listens for ever.
    wait_until("the local HTTP server listens", std::chrono::seconds(10), [this] { return server.is_running(); });
  }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] int port() const { return port_; }
  // How slow a slow route is; its end is not waited for.
  bool closes_within(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return closing_.wait_for(lock, time, [this] { return is_closing_; });
  }

  httplib::Server server;

 private:
  std::mutex mutex_;
  std::condition_variable closing_;
  bool is_closing_ = false;  // guarded by mutex_
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace noetl::support
