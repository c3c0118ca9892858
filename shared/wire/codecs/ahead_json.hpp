#pragma once
// JSON of POST /api/v2/commands/ahead, both directions. Requests are read strictly; of answers, fields of a newer server are ignored.
// Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "shared/base/result.hpp"
#include "shared/wire/messages/ahead.hpp"

namespace noetl::wire {

[[nodiscard]] std::string encode(const AheadRequest& request);
[[nodiscard]] base::Result<AheadRequest> decode_ahead_request(const nlohmann::json& body);

[[nodiscard]] std::string encode(const AheadAnswer& answer);
[[nodiscard]] base::Result<AheadAnswer> decode_ahead_answer(const nlohmann::json& body);

}  // namespace noetl::wire
