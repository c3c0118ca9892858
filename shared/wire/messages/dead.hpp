#pragma once
// Dead letters: commands whose attempts are exhausted, grouped by what went wrong, run again or purged:
// /api/v2/dead. Values; any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/ids.hpp"

namespace noetl::wire {

inline constexpr std::size_t redrive_max = 10'000;  // commands of one request
inline constexpr double redrive_rate_max = 1'000'000;

// Empty and unset take all.
struct DeadFilter {
  std::string fingerprint, pool, tool_kind, error_kind;
  base::CommandId after, before;  // ids between which the letters are
  std::string state = "open";  // open, closed (redriven, purged steps) or all

  // Takes every open letter: whoever purges these must say so.
  [[nodiscard]] bool takes_everything() const {
    return fingerprint.empty() && pool.empty() && tool_kind.empty() && error_kind.empty() && !after.is_set() &&
           !before.is_set();
  }
};

struct DeadLetter {
  base::CommandId queue_id;
  base::ExecutionId execution_id;  // unset for a plain command
  std::string step, pool, tool_kind, error_kind, fingerprint;
  std::string error = "null";  // JSON text
  int attempts = 0;
  std::string died_at;  // RFC 3339
  base::CommandId redriven_as;  // the command that repeats it
  std::string closed_at;  // empty: open
};

// One letter with what its command was.
struct DeadCommand {
  DeadLetter letter;
  std::string context = "null", retry = "null";  // JSON text
  int max_attempts = 0;
  base::CommandId redriven_from;
  std::string worker_id, created_at;
};

struct DeadGroup {
  std::string fingerprint, tool_kind, error_kind;
  std::int64_t count = 0;
  std::string message;  // of the newest
  std::string pools = "[]";  // JSON text
  std::string first_died_at, last_died_at;
  base::CommandId newest;
};

struct RedriveRequest {
  std::vector<base::CommandId> queue_ids;  // these, or
  std::optional<DeadFilter> filter;  // those that it takes, oldest first
  bool is_dry_run = false;
  std::string input_patch, tool_patch;  // JSON merge patches (RFC 7396), or empty
  std::optional<int> max_attempts;  // nothing: as before
  std::optional<double> rate_per_second;  // nothing: all at once
  int limit = 1000;
};

struct Redriven {
  base::CommandId queue_id;  // the dead one
  base::CommandId redriven_as;  // unset in a dry run
  std::int64_t delay_ms = 0;
};

struct RedriveRefusal {
  base::CommandId queue_id;
  std::string code, message;
};

struct RedriveAnswer {
  bool is_dry_run = false;
  std::vector<Redriven> redriven;
  std::vector<RedriveRefusal> refused;  // of ids that were named
  std::int64_t steps_left = 0;  // taken by the filter, but of executions: see rerun
  std::string sample;  // dry run: the context that the first would have
};

struct PurgeAnswer {
  bool is_dry_run = false;
  std::int64_t count = 0;
  bool has_more = false;
};

}  // namespace noetl::wire
