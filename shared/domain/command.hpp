#pragma once
// Command: one unit of work for a worker, a row in noetl.queue. Here are its states, what a worker gets
// of it, and how one attempt ends. Values; any thread.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/ids.hpp"

namespace noetl::domain {

// queued → running → done | failed | dead | cancelled; a retry goes back to queued. Spelled as in SQL.
enum class CommandStatus { queued, running, done, failed, dead, cancelled };
[[nodiscard]] std::string_view to_string(CommandStatus status);
[[nodiscard]] std::optional<CommandStatus> command_status_from(std::string_view text);
[[nodiscard]] bool is_terminal(CommandStatus status);

inline constexpr std::string_view default_pool = "default";

// The right of one worker to act on one command. The epoch grows with every claim; a write that
// carries an older one changes nothing (409 lease_lost).
struct Lease {
  base::CommandId queue_id;
  std::int32_t epoch = 0;
  auto operator<=>(const Lease&) const = default;
};

// A command as the worker gets it: rendered, nothing left to ask for.
struct ClaimedCommand {
  Lease lease;
  base::ExecutionId execution_id;  // unset for a plain command
  std::string step;  // step name; for a plain command its tool kind
  std::string node_id;  // the engine's name of this visit of the step
  std::string tool_kind;
  std::int32_t attempt = 0;  // 1 for the first
  std::int32_t max_attempts = 0;
  std::chrono::milliseconds timeout{0};  // of one attempt; 0 = the tool's default
  std::string context;  // JSON text {"tool":{…},"input":{…}, …}: passed on unparsed
  std::string traceparent;  // W3C trace context, or empty
  std::int32_t priority = 0;  // higher first, also among those that a worker has prefetched beyond its slots
};

// How one attempt ended, seen from the worker. Wire names: command.completed, command.failed,
// command.cancelled, command.released.
enum class Outcome { completed, failed, cancelled, released };
[[nodiscard]] std::string_view event_name(Outcome outcome);
[[nodiscard]] std::optional<Outcome> outcome_from_event_name(std::string_view name);

// Why an attempt failed. `kind` is one of error_kinds.hpp, or what the result of a program of one's own says.
struct ToolError {
  std::string kind;
  std::string message;
  bool is_retryable = false;
  std::optional<int> status;  // the peer's status, e.g. HTTP 503
  std::optional<std::chrono::milliseconds> retry_after;  // what the peer asked for
  std::string traceback;  // the tool's own, cut to a bound
  std::string details = {};  // JSON text of a map: where it failed, of the names of error_details.hpp; or empty
  bool operator==(const ToolError&) const = default;
};

}  // namespace noetl::domain
