#pragma once
// NatsRequests: requests over NATS, answered by the Application that answers HTTP: the same checks, gates, limits and handlers. Servers
// share the requests as one queue group. serve() and stop() belong to one thread; application and connection must outlive it.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/cluster/exchange_log.hpp"
#include "server/cluster/request_form.hpp"
#include "shared/base/result.hpp"
#include "shared/http/application.hpp"
#include "shared/http/handler_pool.hpp"
#include "shared/http/memory_budget.hpp"
#include "shared/nats/requests/responder.hpp"

namespace noetl::cluster {

struct NatsRequestsSettings {
  std::size_t threads_max = 64;  // requests answered at once; a long poll holds one
  std::size_t waiting_max = 256;  // of each lane, for a thread; more are refused as saturated
  std::size_t bytes_in_memory_max = 256UL * 1024 * 1024;  // of the bodies of all requests together
  std::string parts_prefix = "noetl.cluster.parts";  // where the other parts of large requests are sent
};

inline constexpr const char* queue_group = "noetl-server";

class NatsRequests {
 public:
  using Incoming = nats::Responder::Incoming;
  // May change the message's body, once it is whole. Errors are answered as 400. On a thread of nats.c: must not wait.
  using Translate = std::function<base::Result<HttpForm>(Incoming& request)>;

  NatsRequests(http::Application& application, nats::Connection& connection, NatsRequestsSettings settings);
  ~NatsRequests();
  NatsRequests(const NatsRequests&) = delete;
  NatsRequests& operator=(const NatsRequests&) = delete;

  // `name` is that of the counts. Errors: invalid_input for what is no subject.
  [[nodiscard]] base::Result<void> serve(std::string name, const std::string& subject_filter, Translate translate);
  // Takes no more; what is being answered ends. Long polls must be ended by the application.
  void stop();

  // Requests that are served under one name. Counts: since start; any thread.
  struct Route {
    std::string name;
    std::string subject_filter;
    Translate translate;
    std::atomic<std::uint64_t> requests{0}, errors{0}, processing_ns{0};
    std::unique_ptr<nats::Responder> responder;
  };
  // Those that serve() has made; stay as long as this object.
  [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  void take(Route& route, Incoming request);
  static void answer(Route& route, const Exchange& exchange, const Incoming& request, const http::Response& response);
  // A request that waits for its thread.
  struct Waiting {
    Exchange exchange;
    std::shared_ptr<const Incoming> request;
    http::Request parsed;
  };
  void submit(Route& route, std::shared_ptr<Waiting> waiting, http::Place place);

  http::Application& application_;
  const NatsRequestsSettings settings_;
  nats::Connection& connection_;
  http::MemoryBudget budget_;
  http::HandlerPool pool_;
  std::vector<std::unique_ptr<Route>> routes_;  // last: the threads of their responders use the others
};

}  // namespace noetl::cluster
