#pragma once
// Start latency: from an enqueue to the first line of the user's own code. The command is a Python function that answers with the
// clock of this machine (CLOCK_MONOTONIC), which is the one that sender and worker share: nothing of reporting is in it.
#include <nlohmann/json.hpp>
#include <string>

namespace noetl::bench {

struct LatencyRun {
  std::string host;
  int port = 0;
  int count = 200;
  double per_second = 20;
};

// {count, enqueued: with the warm-up; p50_ms, p99_ms, max_ms: from before the POST; accepted_p50_ms, accepted_p99_ms, accepted_max_ms: from its answer, 0 when
//  it began before}. Throws when a command is refused or does not end.
[[nodiscard]] nlohmann::json measure_start_latency(const LatencyRun& run);

}  // namespace noetl::bench
