#pragma once
// Enqueueing commands without a playbook: POST /api/v2/commands, one or {commands:[…]}. And what
// GET /api/v2/commands/{queue_id} and GET /api/v2/queue show. Values; any thread.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/error.hpp"
#include "shared/domain/command.hpp"

namespace noetl::wire {

inline constexpr std::size_t enqueue_commands_max = 10'000;
inline constexpr int attempts_max_default = 3;  // NoETL v1's max_deliver
inline constexpr int attempts_max_limit = 100;
inline constexpr int priority_min = -100;
inline constexpr int priority_max = 100;

struct NewCommand {
  std::string tool_kind;
  std::string tool = "{}";  // JSON object: the tool's options, kind included
  std::string input = "{}";  // JSON object
  std::string pool{domain::default_pool};
  int priority = 0;  // higher first
  std::string
      group;  // in whose line it waits (docs/reference/protocol.md, "Lanes"); empty: with the pool's other plain commands
  std::optional<std::string> available_at;  // RFC 3339; not before
  std::optional<std::chrono::milliseconds> delay;  // or relative to now, by Postgres time
  std::optional<int> max_attempts;  // nothing: as the pool says, else attempts_max_default
  std::string retry;  // as wire/retry encodes it; empty: as the pool says
  std::chrono::milliseconds timeout{0};  // of one attempt; 0 = the tool's default
  std::string idempotency_key;  // empty: none. The same key gives the first queue_id
  std::string traceparent;
};

struct EnqueuedCommand {
  base::CommandId queue_id;
  bool is_duplicate = false;  // the key was known: this is the first one's id
  std::optional<base::Error> conflict = {};  // the key was known for other work: nothing was enqueued
};

struct CommandRow {
  base::CommandId queue_id;
  base::ExecutionId execution_id;
  std::string step, tool_kind, pool, status, worker_id;
  std::string idempotency_key;
  int priority = 0, attempts = 0, max_attempts = 0;
  std::int32_t epoch = 0;
  base::CommandId redriven_from;  // the dead command that this one repeats
  std::string retry = "null";  // JSON text
  std::string context;  // JSON text
  std::string result = "null";  // JSON text
  std::string error = "null";  // JSON text
  std::string progress = "null";  // JSON text: what it said last, while it runs or when it was cancelled
  std::string created_at, available_at, claimed_at, finished_at;  // RFC 3339 or empty
  std::string wait_reason, wait_message;  // why one that waits does not run: a code and a line; else empty
};

struct QueueDepth {
  std::string pool;
  std::string status;
  std::int64_t count = 0;
  double oldest_age_seconds = 0;  // of the longest waiting; 0 when none waits
  std::string wait_reason = {}, wait_message = {};  // of those that wait: why the next of them does not run; else empty
};

}  // namespace noetl::wire
