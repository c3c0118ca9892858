#include "server/api/request_metrics.hpp"

#include <algorithm>
#include <set>

#include "shared/wire/error_codes.hpp"

namespace noetl::api {
namespace {

constexpr auto requests_name = "noetl_http_requests_total";
constexpr auto requests_help = "Requests answered, by operation and HTTP status";
constexpr auto refused_name = "noetl_http_refused_total";
constexpr auto refused_help = "Refused with 503 because the server was saturated, by what was refused";

// What takes equally long for the same reasons stands together: a claim waits for work, a read for one statement.
std::string_view group_of(const Endpoint& endpoint) {
  if (endpoint.gate == GateKind::none) return "operations";
  const auto operation = endpoint.alias_of.empty() ? endpoint.operation_id : endpoint.alias_of;
  if (operation.starts_with("execute") || operation == "rerunExecution") return "execute";
  if (operation.starts_with("claim")) return "claim";
  if (operation == "enqueueCommands") return "enqueue";
  if (operation == "reportEvents" || operation == "keepResult") return "report";
  if (operation == "heartbeat") return "heartbeat";
  return endpoint.method == "GET" ? "read" : "write";
}

const std::vector<double> seconds_bounds{0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30};

}  // namespace

RequestMetrics::RequestMetrics(telemetry::Metrics& metrics, std::span<const Endpoint> table)
    : unrouted_(metrics.counter(requests_name, requests_help, {{"operation", "none"}, {"status", "other"}})),
      refused_connections_(metrics.counter(refused_name, refused_help, {{"what", "connection"}})),
      refused_requests_(metrics.counter(refused_name, refused_help, {{"what", "request"}})),
      in_flight_(metrics.gauge("noetl_http_in_flight", "Requests being answered")),
      connections_(metrics.gauge("noetl_http_connections", "Open connections")) {
  for (const auto& endpoint : table) {
    const std::string operation(endpoint.operation_id);
    const auto counter = [&](const std::string& status) {
      return metrics.counter(requests_name, requests_help, {{"operation", operation}, {"status", status}});
    };
    std::set<int> statuses{endpoint.success_status};
    for (const auto code : errors_of(endpoint)) statuses.insert(wire::http_status_of(code));
    Row row{
        .by_status = {},
        .other = counter("other"),
        .seconds = metrics.histogram("noetl_http_request_seconds",
                                     "From the end of a request's body to its reply, by group of operations",
                                     seconds_bounds, {{"group", std::string(group_of(endpoint))}})};
    for (const int status : statuses) row.by_status.emplace_back(status, counter(std::to_string(status)));
    rows_.push_back(std::move(row));
  }
}

void RequestMetrics::count(std::size_t endpoint, int status, std::chrono::nanoseconds elapsed) const {
  const Row& row = rows_[endpoint];
  const auto found = std::find_if(row.by_status.begin(), row.by_status.end(),
                                  [&](const auto& entry) { return entry.first == status; });
  (found == row.by_status.end() ? row.other : found->second).add();
  row.seconds.observe(elapsed);
}

}  // namespace noetl::api
