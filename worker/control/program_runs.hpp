#pragma once
// ProgramRuns: runs of deployed programs, as the tools of commands run (limits, sandbox, time limit), a few at a time, with a bounded
// queue. A program has no lease: it reads no credentials, and nothing of it is reported. Any thread.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "shared/base/guarded.hpp"
#include "shared/wire/operations/worker_commands.hpp"
#include "worker/loop/runs/tool_threads.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::control {

// One deployment.
struct Program {
  std::string name;
  std::string source;
  std::string kind;
  nlohmann::json options;  // of the tool, `kind` included
  nlohmann::json input;  // its own arguments; those of an event go before them
  std::chrono::milliseconds timeout{0};  // 0: it names none
  tools::Tool* tool = nullptr;

  struct Counts {
    std::int64_t events = 0;
    std::int64_t failures = 0;
    std::string last_event_type;
  };
  base::Guarded<Counts> counts = {};
};
// Shared by the deployments and by runs that begun before it was replaced or forgotten.
using ProgramPointer = std::shared_ptr<Program>;

struct EventOutcome {
  std::string status;  // completed, failed, cancelled, not_run
  std::string result = "null";  // JSON text
  std::string error;  // JSON text {kind, message, …}; empty: none
  std::string output;
};

struct ProgramRunsSettings {
  std::string worker_id;
  tools::ToolLimits limits;
  std::chrono::milliseconds timeout{30'000};  // of one event
  std::size_t at_once = 2;
};

class ProgramRuns {
 public:
  static constexpr std::size_t waiting_max = 32;  // runs
  static constexpr std::chrono::seconds batch_time_max{60};  // events of a batch that did not begin by then are not run
  static constexpr std::size_t result_bytes_max = 256UL * 1024;  // of one event
  static constexpr std::size_t results_bytes_max = 1024UL * 1024;  // of a batch

  explicit ProgramRuns(ProgramRunsSettings settings);
  // Stops what runs; what waits is answered as cancelled.
  ~ProgramRuns();
  ProgramRuns(const ProgramRuns&) = delete;
  ProgramRuns& operator=(const ProgramRuns&) = delete;

  // An outcome for each event, in their order, on a thread of its own. False: too many wait; `done` is not called.
  using Done = std::function<void(std::vector<EventOutcome>)>;
  [[nodiscard]] bool submit(ProgramPointer program, std::vector<wire::InjectedEvent> events, Done done);

 private:
  [[nodiscard]] EventOutcome run(Program& program, const wire::InjectedEvent& event);
  [[nodiscard]] std::vector<EventOutcome> run_all(Program& program, const std::vector<wire::InjectedEvent>& events);

  const ProgramRunsSettings settings_;
  std::stop_source stop_;
  std::atomic<std::size_t> open_{0};
  loop::ToolThreads threads_;  // last: its threads use the others
};

}  // namespace noetl::control
