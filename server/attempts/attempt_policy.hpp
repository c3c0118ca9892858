#pragma once
// What becomes of a command when an attempt of it has ended. Pure: the command as it stands in Postgres
// and the report go in, the decision comes out; the jitter's random number is an argument.
#include <optional>

#include "server/store/queue/queue_table.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::attempts {

struct AttemptDecision {
  wire::ReportVerdict verdict;
  std::optional<store::EndedAttempt> ended;  // what to write; nothing: the report changes nothing
  std::optional<store::DeadLetter> dead_letter;
  bool concerns_engine = false;  // the execution has to be told
};

// `command` null: no such row. `worker`: who reports; null is the server itself, about a worker that is gone. ContextSettings: docs/concepts/states.md.
[[nodiscard]] AttemptDecision decide_attempt(const store::LockedCommand* command, const wire::AttemptReport& report,
                                             const store::Caller* worker, double unit_random);

// The error as it is stored and shown: {kind, message, retryable, status?, traceback?, attempt, …}.
[[nodiscard]] std::string error_json(const domain::ToolError& error, const store::LockedCommand& command);

}  // namespace noetl::attempts
