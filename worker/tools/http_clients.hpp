#pragma once
// HttpClients: connections to peers, kept for the next request to the same origin with the same TLS and proxy.
// Any thread; one client is lent to one request at a time.
#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "worker/tools/http_request.hpp"

namespace httplib {
class ClientImpl;
}

namespace noetl::tools {

class HttpClients {
 public:
  struct Lent {
    std::shared_ptr<httplib::ClientImpl> client;  // shared only because its type is not known here
    bool is_reused = false;
  };
  [[nodiscard]] Lent borrow(const HttpRequest& request, bool must_be_new = false);
  void give_back(const HttpRequest& request, Lent lent);

 private:
  struct Idle {
    std::string key;
    std::shared_ptr<httplib::ClientImpl> client;
    std::chrono::steady_clock::time_point since;
  };
  static constexpr std::size_t idle_max = 128;
  static constexpr std::chrono::seconds idle_time_max{15};

  std::mutex mutex_;
  std::list<Idle> idle_;  // the oldest first
};

}  // namespace noetl::tools
