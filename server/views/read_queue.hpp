#pragma once
// GET /api/v2/queue (from counters, not scans), GET /api/v2/commands/{queue_id}, readiness. Any thread.
#include <string>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/command_filter.hpp"
#include "shared/wire/messages/command.hpp"

namespace noetl::views {

[[nodiscard]] std::vector<wire::QueueDepth> read_queue_depth(dispatch::ServerContext& context);
[[nodiscard]] base::Result<wire::CommandRow> get_command(dispatch::ServerContext& context, base::CommandId queue_id);
// Newest first, without context and result.
[[nodiscard]] std::vector<wire::CommandRow> list_commands(dispatch::ServerContext& context,
                                                          const wire::CommandFilter& filter, int limit);

// What /readyz and /health show. Never throws and waits at most a second.
struct Readiness {
  bool has_postgres = false;
  bool is_schema_current = false;
  int schema_version = 0;
  bool has_nats = false;  // false: degraded, workers long-poll; still ready
  bool wants_nats = true;  // false: nats-url is none, and nothing is missing
  std::string message;  // what is wrong, or empty
};
[[nodiscard]] Readiness check_readiness(dispatch::ServerContext& context);

}  // namespace noetl::views
