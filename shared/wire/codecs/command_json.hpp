#pragma once
// JSON of plain commands: the body of POST /api/v2/commands, one or {commands:[…]}, and the replies of
// GET /api/v2/commands… and GET /api/v2/queue. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/wire/messages/command.hpp"

namespace noetl::wire {

// One {tool:{kind,…}, input, pool, priority, available_at | delay_ms | delay, max_attempts, retry, timeout,
// idempotency_key, traceparent, group}; `delay` and `timeout` are seconds.
[[nodiscard]] base::Result<NewCommand> decode_new_command(const nlohmann::json& body, const std::string& pointer = {});
// {commands:[…]}: all of them or the first error.
[[nodiscard]] base::Result<std::vector<NewCommand>> decode_new_commands(const nlohmann::json& body);

// {queue_id, status:"queued"|"duplicate"}
[[nodiscard]] std::string encode(const EnqueuedCommand& command);
// {count, queue_ids:[…], duplicates}
[[nodiscard]] std::string encode(const std::vector<EnqueuedCommand>& commands);
[[nodiscard]] std::string encode(const CommandRow& row);
// {queue:[{pool, status, count, oldest_age_seconds}]}
[[nodiscard]] std::string encode(const std::vector<QueueDepth>& depths);

}  // namespace noetl::wire
