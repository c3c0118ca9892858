#pragma once
// JSON of dead letters: /api/v2/dead. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/wire/messages/dead.hpp"

namespace noetl::wire {

// {queue_ids: […]} or {filter: {fingerprint, pool, tool_kind, error_kind, after, before}}, with dry_run, edit: {input, tool},
// max_attempts, rate_per_second, limit. One of both is needed; an empty filter takes every open letter.
[[nodiscard]] base::Result<RedriveRequest> decode_redrive_request(const nlohmann::json& body);
// {dry_run, count, commands: [{queue_id, redriven_as, delay_ms}], refused: […], steps_left, sample}
[[nodiscard]] std::string encode(const RedriveAnswer& answer);
[[nodiscard]] std::string encode(const PurgeAnswer& answer);

[[nodiscard]] std::string encode(const DeadCommand& command);
// {letters: […], next_before}; a full page may have more below its last one.
[[nodiscard]] std::string encode(const std::vector<DeadLetter>& letters, int limit);
[[nodiscard]] std::string encode(const std::vector<DeadGroup>& groups);  // {groups: […]}

}  // namespace noetl::wire
