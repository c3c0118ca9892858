#include "server/api/routes/request_metrics.hpp"

#include <algorithm>
#include <set>

#include "shared/wire/error_codes.hpp"

namespace noetl::api {
namespace {

constexpr auto refused_name = "noetl_http_refused_total";
constexpr auto refused_help = "Refused with 503 because the server was saturated, by what was refused";

// What takes equally long for the same reasons stands together: a claim waits for work, a read for one statement.
std::string_view group_of(const Endpoint& endpoint) {
  if (endpoint.limit == LimitKind::none) return "operations";
  const auto operation = endpoint.alias_of.empty() ? endpoint.operation_id : endpoint.alias_of;
  if (operation.starts_with("execute") || operation == "rerunExecution") return "execute";
  if (operation.starts_with("claim")) return "claim";
  if (operation == "enqueueCommands") return "enqueue";
  if (operation == "reportEvents" || operation == "storeResult") return "report";
  if (operation == "heartbeat") return "heartbeat";
  return endpoint.method == "GET" ? "read" : "write";
}

const std::vector<double> seconds_bounds{0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30};

}  // namespace

RequestMetrics::Answered::Answered(std::span<const Endpoint> table) {
  std::size_t places = 0;
  for (const auto& endpoint : table) {
    std::set<int> statuses{endpoint.success_status};
    for (const auto code : errors_of(endpoint)) statuses.insert(wire::http_status_of(code));
    rows.push_back({std::string(endpoint.operation_id), {statuses.begin(), statuses.end()}, places});
    places += statuses.size() + 1;
  }
  counts = std::vector<std::atomic<std::uint64_t>>(places);
}

// What has never been answered has no line, but for internal errors: that the first of them is one more can be seen only beside a zero.
std::vector<telemetry::CounterReading> RequestMetrics::Answered::read() const {
  std::vector<telemetry::CounterReading> readings;
  const auto add = [&](const std::string& operation, const std::string& status, std::uint64_t count) {
    if (count == 0 && status != "500") return;
    readings.push_back({{{"operation", operation}, {"status", status}}, static_cast<double>(count)});
  };
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.statuses.size(); ++i)
      add(row.operation, std::to_string(row.statuses[i]), counts[row.first + i]);
    add(row.operation, "other", counts[row.first + row.statuses.size()]);
  }
  add("none", "other", unrouted);
  return readings;
}

RequestMetrics::RequestMetrics(telemetry::Metrics& metrics, std::span<const Endpoint> table)
    : answered_(std::make_shared<Answered>(table)),
      refused_connections_(metrics.counter(refused_name, refused_help, {{"what", "connection"}})),
      refused_requests_(metrics.counter(refused_name, refused_help, {{"what", "request"}})),
      in_flight_(metrics.gauge("noetl_http_in_flight", "Requests being answered")),
      connections_(metrics.gauge("noetl_http_connections", "Open connections")) {
  metrics.counters_from("noetl_http_requests_total", "Requests answered, by operation and HTTP status",
                        [answered = answered_] { return answered->read(); });
  for (const auto& endpoint : table) {
    seconds_.push_back(metrics.histogram("noetl_http_request_seconds",
                                         "From the end of a request's body to its reply, by group of operations",
                                         seconds_bounds, {{"group", std::string(group_of(endpoint))}}));
  }
}

void RequestMetrics::count(std::size_t endpoint, int status, std::chrono::nanoseconds elapsed) const {
  const auto& row = answered_->rows[endpoint];
  const auto found = std::ranges::find(row.statuses, status) - row.statuses.begin();
  answered_->counts[row.first + static_cast<std::size_t>(found)].fetch_add(1, std::memory_order_relaxed);
  seconds_[endpoint].observe(elapsed);
}

}  // namespace noetl::api
