#pragma once
// Start latency: from an enqueue to the tool's first instruction, seen from outside. The command is an http
// call to a listener in this process; the time is that of the call's arrival, so that it includes one
// loopback connection and request: what is printed is a little more than the tool's true start.
#include <nlohmann/json.hpp>
#include <string>

namespace noetl::bench {

struct LatencyRun {
  std::string host;
  int port = 0;
  int count = 200;
  double per_second = 20;
};

// {count, p50_ms, p99_ms, max_ms: from before the POST; accepted_p50_ms, accepted_p99_ms: from its answer;
//  loopback_p50_ms: what one request to the listener costs by itself}.
[[nodiscard]] nlohmann::json measure_start_latency(const LatencyRun& run);

}  // namespace noetl::bench
