#pragma once
// wait_reason: why a command that waits does not run, from what is known of it and of its pool. Pure: facts in, a reason out; any
// thread. The codes are part of the API (docs/reference/protocol.md).
#include <cstdint>
#include <string>
#include <string_view>

namespace noetl::waiting {

struct PoolFacts {
  std::string pool;
  bool is_paused = false;
  std::string paused_at = {};  // RFC 3339; empty: it is not, or an earlier release paused it
  std::string paused_by = {};  // "bucket noetl_config"; empty: the API
  int workers = 0;  // whose leases last
  int draining = 0;  // of them
  std::int64_t slots = 0;  // of those that do not drain
  std::int64_t busy = 0;  // of these slots
  bool has_tool = true;  // a worker that does not drain has the command's tool, or does not say which it has
};

struct CommandFacts {
  PoolFacts pool;
  std::string tool_kind;
  std::string due_at;  // RFC 3339; empty: it is due
  int attempts = 0;  // that it has had: what is due later waits for the next one
  int max_attempts = 0;
  bool is_execution_paused = false;
};

struct Reason {
  std::string_view code;  // of the first of what `message` says
  std::string message;  // one line
};

// Of several reasons all are said, the one that somebody has to do something about first.
[[nodiscard]] Reason reason_of(const CommandFacts& facts);

}  // namespace noetl::waiting
