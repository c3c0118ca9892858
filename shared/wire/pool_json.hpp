#pragma once
// JSON of pools: the body of PUT /api/v2/pools/{pool} and what the routes of pools show. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/wire/pool.hpp"

namespace noetl::wire {

// {max_attempts, retry}; what is left out or null goes back to the program's default.
[[nodiscard]] base::Result<Pool> decode_pool(const nlohmann::json& body, std::string name);
// {pool, max_attempts, retry, is_paused, paused_at, updated_at, workers, slots, queued, running}
[[nodiscard]] std::string encode(const PoolRow& row);
[[nodiscard]] std::string encode(const std::vector<PoolRow>& pools);  // {pools:[…]}

}  // namespace noetl::wire
