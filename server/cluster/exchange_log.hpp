#pragma once
// Log lines of requests over NATS: one for each at debug, and of failures above that, at most one a second. Any thread.
#include <chrono>
#include <string>
#include <string_view>

#include "shared/http/application.hpp"
#include "shared/nats/requests/responder.hpp"

namespace noetl::cluster {

// A request, as far as its line tells of it.
struct Exchange {
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  std::string message_id = {};  // empty: that of the headers, or the subject of the answer
  std::string worker_id = {};
  std::string executions = {};  // that the request names; filled at debug alone
};

// Does anything ask for the line of an answer with this status?
[[nodiscard]] bool is_exchange_logged(int status);
// `what`: "execute", "claim"
void log_exchange(std::string_view what, const Exchange& exchange, const nats::Responder::Incoming& request,
                  const http::Response& response);

// The execution ids in a JSON body, at its top and in the elements of its lists, with commas; bounded. Exposed for tests.
[[nodiscard]] std::string executions_in(std::string_view body);

}  // namespace noetl::cluster
