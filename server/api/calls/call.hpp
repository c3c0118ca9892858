#pragma once
// Call: one request as a handler sees it. Reply: what it answers. Handlers know neither sockets nor
// cpp-httplib, so that another transport (NATS) can use them. One thread per call; HandlerContext is shared.
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/calls/concurrency_limit.hpp"
#include "server/dispatch/server_context.hpp"
#include "server/queue/submit_batcher.hpp"
#include "server/vault/vault.hpp"
#include "shared/base/result.hpp"
#include "shared/json/parse_body.hpp"
#include "shared/schema/checker.hpp"
#include "shared/telemetry/counted_warning.hpp"
#include "shared/telemetry/metrics.hpp"

namespace noetl::api {

using Query = std::multimap<std::string, std::string>;

// So many a minute.
class MinuteBudget {
 public:
  explicit MinuteBudget(std::uint64_t a_minute) : a_minute_(a_minute) {}
  [[nodiscard]] bool take() {
    const auto minute =
        std::chrono::duration_cast<std::chrono::minutes>(std::chrono::steady_clock::now().time_since_epoch()).count();
    if (minute_.exchange(minute) != minute) taken_ = 0;
    return taken_++ < a_minute_;
  }

 private:
  const std::uint64_t a_minute_;
  std::atomic<std::int64_t> minute_{0};
  std::atomic<std::uint64_t> taken_{0};
};

struct ConcurrencyLimits {
  ConcurrencyLimit work;  // requests that use the database
  ConcurrencyLimit
      batch_submits;  // those that bring new work in batches: fewer, so that a flood of them leaves the others room
  ConcurrencyLimit
      single_submits;  // single requests that share transactions: they hold a thread, but no connection to Postgres
  ConcurrencyLimit rendering;  // templates of strangers: one at a time, for the memory and the second that one may take
  ConcurrencyLimit long_polls;  // claims that wait: they hold a thread, but nothing else
  ConcurrencyLimit dispatch_polls;  // the same of workers that could do without
  ConcurrencyLimit outside;  // requests that may wait for another server, e.g. a token endpoint
};

// What every handler works with. Built by RequestHandler.
struct HandlerContext {
  dispatch::ServerContext& server;
  queue::SubmitBatcher& submits;
  vault::Vault& vault;
  telemetry::Metrics& metrics;
  ConcurrencyLimits& limits;
  const std::atomic<bool>& is_shutting_down;  // asked to stop: not ready any more, but still answering
  const std::string version;
  const std::chrono::steady_clock::time_point started_at;
  const std::string openapi;  // the document as text, made once
  telemetry::CountedWarning& reports_of_others;  // refused: another worker holds the command
  MinuteBudget& audited_refusals;
  telemetry::CountedWarning& unaudited_refusals;  // beyond it
};

struct Call {
  std::int64_t id = 0;  // {id} or {queue_id} of the path
  std::string worker_id;  // {worker_id} of the path
  std::string name;  // {name}, {var_name} or {pool} of the path
  std::string body;
  std::string content_type;  // lower case, without parameters
  const schema::Checker* checker = nullptr;  // of the body; null where the decoder alone checks it
  std::string_view body_schema;
  std::string idempotency_key;  // header, checked
  bool has_idempotency_key = false;
  std::string traceparent;  // header; empty when it is none
  const Query* query = nullptr;
  std::string authorization;  // header
  std::string worker_instance;  // header wire::instance_header; empty when it is none
  std::string peer;  // address of who called
  bool is_local = false;  // from this machine, by a program: neither through a proxy nor by a web page
  bool shows_token = false;  // the token of callers is set, and was shown
  std::stop_token stop;  // the server closes: end what waits
  // Counts bytes of trees to the requests' memory until the answer is there; false: there is no room now.
  std::function<bool(std::size_t bytes)> take_memory;
  std::function<bool()> is_peer_there;  // has the connection not been closed? As long as the call; any thread
};

struct Reply {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

using Handler = base::Result<Reply> (*)(HandlerContext& context, const Call& call);

// {"…"} with status 200, or another.
[[nodiscard]] inline Reply json_reply(std::string body, int status = 200) {
  return Reply{.status = status, .body = std::move(body), .content_type = "application/json", .headers = {}};
}
// problem+json with the status of its code, and Retry-After where the caller may try again.
[[nodiscard]] Reply problem_reply(const base::Error& error);
// The same with another status, where the code's own would be too general (415, 421).
[[nodiscard]] Reply problem_reply(const base::Error& error, int status);

// The body as JSON, by its schema where the route's table says so; nesting, size and the number of values are bounded, and the tree's memory is taken
// before it is made.
[[nodiscard]] base::Result<nlohmann::json> json_of(const Call& call);
// The same without its schema.
[[nodiscard]] base::Result<nlohmann::json> unchecked_json_of(const Call& call);
// By the schema of the body, where the route's table says so. Of what may be secret, no value is shown.
[[nodiscard]] base::Result<void> check_by_schema(const Call& call, const nlohmann::json& body,
                                                 bool shows_values = true);
// How many values the body has; of size, encoding and depth it is as it may be.
[[nodiscard]] base::Result<std::size_t> values_of(const Call& call,
                                                  std::size_t values_max = json::body_values_max_default);
// A part of the body that has so many values.
[[nodiscard]] base::Result<nlohmann::json> tree_of(const Call& call, std::string_view text, std::size_t values);
// The same, and {} for an empty body: for routes whose fields are all optional.
[[nodiscard]] base::Result<nlohmann::json> json_or_nothing_of(const Call& call);

// Room to work, or saturated with the time after which to come again.
[[nodiscard]] base::Result<ConcurrencyLimit::Permit> enter(ConcurrencyLimit& limit);

}  // namespace noetl::api
