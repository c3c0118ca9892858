#pragma once
// WorkCounts: what this process has committed since its start. Each server counts its own: the sum over all servers is what happened,
// and a restart begins at zero, as counters do. Use cases add after their commit; /metrics reads. Any thread.
#include <array>
#include <map>
#include <utility>

#include "server/counts/durations.hpp"
#include "server/counts/failed_executions.hpp"
#include "server/counts/work.hpp"
#include "shared/base/guarded.hpp"

namespace noetl::counts {

// Upper bounds in seconds.
inline constexpr std::array attempt_bounds{0.005, 0.05, 0.25, 1.0, 5.0, 30.0, 300.0, 1800.0};
inline constexpr std::array execution_bounds{0.05, 0.25, 1.0, 5.0, 30.0, 300.0, 1800.0, 7200.0};

// Whoever enqueues or registers makes up names, and a series is kept for good: those that come beyond a bound are counted together.
inline constexpr std::size_t paths_max = 200;
inline constexpr std::size_t tools_max = 64;
inline constexpr std::size_t pools_with_tools_max = 256;
inline constexpr const char* others = "(others)";

struct PoolTool {
  std::array<std::uint64_t, 5> by_outcome{};  // AttemptOutcome
  std::uint64_t dead = 0;
};

struct PathCounts {
  std::uint64_t started = 0, completed = 0, failed = 0, cancelled = 0;
  Durations durations{execution_bounds};
};

class WorkCounts {
 public:
  struct Snapshot {
    std::map<std::pair<std::string, std::string>, PoolTool> pools;  // by pool and tool
    std::map<std::string, Durations> tools;  // of attempts that completed or failed
    std::map<std::string, PathCounts> paths;
  };

  // Logs those of its executions that failed.
  void add(const Work& work);
  [[nodiscard]] Snapshot read() const;

 private:
  base::Guarded<Snapshot> counts_;
  FailedExecutions failed_;
};

[[nodiscard]] std::string_view to_string(AttemptOutcome outcome);

}  // namespace noetl::counts
