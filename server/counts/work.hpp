#pragma once
// Work: what one transaction has ended and begun. Use cases collect it as they decide, and add it to the WorkCounts of their process
// once it is committed. A value.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "shared/base/ids.hpp"
#include "shared/domain/execution.hpp"

namespace noetl::counts {

// How an attempt ended, as `outcome` of the metrics has it. lost: its worker was gone.
enum class AttemptOutcome : std::uint8_t { completed, failed, cancelled, released, lost };

struct EndedAttempt {
  std::string pool, tool;
  AttemptOutcome outcome = AttemptOutcome::completed;
  std::chrono::microseconds duration{0};  // as its worker has measured it
};

struct DeadCommand {
  std::string pool, tool;
};

struct EndedExecution {
  base::ExecutionId execution_id;
  std::string path;
  int version = 0;
  domain::ExecutionStatus status = domain::ExecutionStatus::completed;
  std::string error;  // JSON text, or empty
};

struct Work {
  std::vector<EndedAttempt> attempts;
  std::vector<DeadCommand> dead;
  std::vector<std::string> started;  // the paths of executions
  std::vector<EndedExecution> ended;

  [[nodiscard]] bool is_empty() const { return attempts.empty() && dead.empty() && started.empty() && ended.empty(); }
  void append(Work more);
};

}  // namespace noetl::counts
