#pragma once
// JSON of POST /api/v2/commands/claim and /api/v2/commands/{queue_id}/claim, both directions. Requests are read
// strictly; of answers, fields of a newer server are ignored. `wait` is in seconds. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "shared/base/result.hpp"
#include "shared/wire/messages/claim.hpp"

namespace noetl::wire {

[[nodiscard]] std::string encode(const ClaimRequest& request);
// A body without queue_ids asks for whatever waits in the pool; the route of one queue_id sets it itself.
[[nodiscard]] base::Result<ClaimRequest> decode_claim_request(const nlohmann::json& body);

// `context` must be JSON: it is passed on as it is.
[[nodiscard]] std::string encode(const domain::ClaimedCommand& command);
// A part of an answer.
[[nodiscard]] base::Result<domain::ClaimedCommand> decode_claimed_command(const nlohmann::json& item,
                                                                          const std::string& pointer);
[[nodiscard]] std::string encode(const ClaimAnswer& answer);
[[nodiscard]] base::Result<ClaimAnswer> decode_claim_answer(const nlohmann::json& body);

}  // namespace noetl::wire
