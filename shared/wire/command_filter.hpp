#pragma once
// Which commands a caller means: the filter of GET /api/v2/commands and of POST /api/v2/commands/cancel, and what a cancel
// answers. Values; any thread.
#include <cstdint>
#include <string>
#include <vector>

#include "shared/base/ids.hpp"
#include "shared/base/result.hpp"
#include "shared/json/object_reader.hpp"

namespace noetl::wire {

inline constexpr std::size_t cancel_commands_max = 10'000;  // of one request
inline constexpr std::size_t reason_bytes_max = 1024;

// Empty and unset take all.
struct CommandFilter {
  std::string status, pool, tool_kind;
  std::string idempotency_key;
  base::ExecutionId execution_id;
  base::CommandId after, before;  // ids between which the commands are
  std::string created_after, created_before;  // RFC 3339
};

struct CancelCommandsRequest {
  std::vector<base::CommandId> queue_ids;  // these, or
  CommandFilter filter;  // those of its plain commands that wait or run, oldest first
  bool has_filter = false;
  bool is_dry_run = false;
  int limit = 1000;
  std::string reason;
};

// One command that was asked for by its id and is not cancelled.
struct CancelRefusal {
  base::CommandId queue_id;
  base::ErrorCode code = base::ErrorCode::not_found;
  std::string message;
  std::string status;  // of the command now; empty when there is none
};

struct CancelledCommands {
  bool is_dry_run = false;
  std::vector<base::CommandId> queue_ids;  // what this call cancelled, or would have
  std::vector<CancelRefusal> refused;
  bool has_more = false;  // the filter takes others
};

// What became of the one command of POST /api/v2/commands/{queue_id}/cancel.
struct CancelledCommand {
  base::CommandId queue_id;
  bool is_cancelled = false;  // by this call
  std::string status;  // of the command now
};

[[nodiscard]] base::Result<CancelCommandsRequest> decode_cancel_commands_request(const json::Json& body);
[[nodiscard]] base::Result<std::string> decode_cancel_reason(const json::Json& body);
[[nodiscard]] std::string encode(const CancelledCommands& answer);
[[nodiscard]] std::string encode(const CancelledCommand& answer);

}  // namespace noetl::wire
