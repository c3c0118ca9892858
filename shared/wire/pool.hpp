#pragma once
// Pool: what holds for the commands of one pool: GET and PUT /api/v2/pools/{pool}. Values; any thread.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace noetl::wire {

struct Pool {
  std::string pool;
  std::optional<int> max_attempts;  // of plain commands that say nothing; nothing: attempts_max_default
  std::string retry;  // as wire/retry encodes it; empty: the default
  bool is_paused = false;
  std::string updated_at;  // RFC 3339; empty: nothing was ever set
  std::string paused_at;  // RFC 3339; empty: it is not paused, or an earlier release paused it
};

// A pool as people see it: its rules and who uses it.
struct PoolRow : Pool {
  int workers = 0;  // whose leases last
  std::int64_t slots = 0;  // of them
  std::int64_t queued = 0, running = 0;  // commands
};

using PoolsByName = std::map<std::string, Pool, std::less<>>;

}  // namespace noetl::wire
