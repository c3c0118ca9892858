#pragma once
// Load over HTTP from several kept connections at once, measured from the first request to the last answer.
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace noetl::bench {

struct Load {
  std::string host;
  int port = 0;
  std::string path;  // route
  std::string body;  // of every request
  int connections = 1;
  std::size_t requests = 1;
  std::size_t items_per_request = 1;
};

// {items, seconds, per_second, request_p50_ms, request_p99_ms}. Throws when any request is not answered with 2xx.
[[nodiscard]] nlohmann::json run_load(const Load& load);

// The value below which `part` of the sorted values lie; 0 when there are none.
[[nodiscard]] double percentile(std::vector<double> values, double part);

}  // namespace noetl::bench
