#pragma once
// JSON of POST /api/v2/workers and POST /api/v2/workers/{worker_id}/heartbeat, both directions. Requests are read
// strictly; of answers, fields of a newer server are ignored. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::wire {

inline constexpr std::size_t held_leases_max = 65'536;

[[nodiscard]] std::string encode(const WorkerRegistration& registration);
[[nodiscard]] base::Result<WorkerRegistration> decode_worker_registration(const nlohmann::json& body);
[[nodiscard]] std::string encode(const RegistrationAnswer& answer);
[[nodiscard]] base::Result<RegistrationAnswer> decode_registration_answer(const nlohmann::json& body);

// worker_id may stand in the body or only in the path: the API fills it in.
[[nodiscard]] std::string encode(const Heartbeat& heartbeat);
[[nodiscard]] base::Result<Heartbeat> decode_heartbeat(const nlohmann::json& body);
[[nodiscard]] std::string encode(const HeartbeatAnswer& answer);
[[nodiscard]] base::Result<HeartbeatAnswer> decode_heartbeat_answer(const nlohmann::json& body);

// {max_attempts, retry}; what is left out or null goes back to the program's default.
[[nodiscard]] base::Result<Pool> decode_pool(const nlohmann::json& body, std::string name);
// {pool, max_attempts, retry, is_paused, paused_at, paused_by, updated_at, workers, slots, queued, running}
[[nodiscard]] std::string encode(const PoolRow& row);
[[nodiscard]] std::string encode(const std::vector<PoolRow>& pools);  // {pools:[…]}

}  // namespace noetl::wire
