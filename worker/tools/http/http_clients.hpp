#pragma once
// HttpClients: connections to peers, kept for the next request to the same origin with the same TLS and proxy.
// Any thread; one client is lent to one request at a time.
#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "worker/tools/http/http_request.hpp"

namespace noetl::fetch {
class Client;
}
namespace noetl::reach {
class Egress;
}

namespace noetl::tools {

class HttpClients {
 public:
  explicit HttpClients(const reach::Egress& egress);  // which outlives it
  ~HttpClients();
  [[nodiscard]] std::unique_ptr<fetch::Client> borrow(const HttpRequest& request);
  // One whose last exchange came whole.
  void give_back(const HttpRequest& request, std::unique_ptr<fetch::Client> client);

 private:
  struct Idle {
    std::string key;
    std::unique_ptr<fetch::Client> client;
    std::chrono::steady_clock::time_point since;
  };
  static constexpr std::size_t idle_max = 128;
  static constexpr std::chrono::seconds idle_time_max{15};

  const reach::Egress& egress_;
  std::mutex mutex_;
  std::list<Idle> idle_;  // the oldest first
};

}  // namespace noetl::tools
