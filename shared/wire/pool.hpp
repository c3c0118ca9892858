#pragma once
// Pool: what holds for the commands of one pool: GET and PUT /api/v2/pools/{pool}. Values; any thread.
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace noetl::wire {

struct Pool {
  std::string pool;
  std::optional<int> max_attempts;  // of plain commands that say nothing; nothing: attempts_max_default
  std::string retry;  // as wire/retry encodes it; empty: the default
  bool is_paused = false;
  std::string updated_at;  // RFC 3339; empty: nothing was ever set
};

using PoolsByName = std::map<std::string, Pool, std::less<>>;

}  // namespace noetl::wire
