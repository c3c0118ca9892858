#pragma once
// Start latency: from an enqueue to the first line of the user's own code. The command is a Python function that answers with the
// clock of this machine (CLOCK_MONOTONIC), which is the one that sender and worker share: nothing of reporting is in it.
#include <nlohmann/json.hpp>

#include "cli/load/connection.hpp"

namespace noetl::bench {

struct LatencyRun {
  load::Target target;
  int count = 200;
  double per_second = 20;
};

// {count, enqueued: with the warm-up; refusals: that were repeated, within the times; p50_ms, p99_ms, max_ms: from before the POST; accepted_p50_ms,
//  accepted_p99_ms, accepted_max_ms: from its answer, 0 when it began before}. Throws when a command is refused for good or does not end.
[[nodiscard]] nlohmann::json measure_start_latency(const LatencyRun& run);

}  // namespace noetl::bench
