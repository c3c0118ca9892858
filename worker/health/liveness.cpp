#include "worker/health/liveness.hpp"

namespace noetl::health {

std::chrono::milliseconds Liveness::still_for(Seen& seen, std::uint64_t turns, Time now) {
  if (!seen.is_watched || seen.turns != turns) seen = {.turns = turns, .moved_at = now, .is_watched = true};
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - seen.moved_at);
}

std::string Liveness::complaint(const loop::WorkerCounts& counts, Time now) {
  if (!counts.is_registered) return {};  // the loop has not begun
  const auto text = [](const char* thread, std::chrono::milliseconds still) {
    return std::string(thread) + " has not turned for " + std::to_string(still.count() / 1000) + " s";
  };
  const auto fetcher = still_for(fetcher_, counts.fetcher_turns, now);
  const auto heartbeats = still_for(heartbeats_, counts.heartbeat_turns, now);
  if (heartbeats > stall_max) return text("the heartbeat sender", heartbeats);
  if (fetcher > stall_max && !counts.is_draining) return text("the fetcher", fetcher);  // it ends with the drain
  return {};
}

}  // namespace noetl::health
