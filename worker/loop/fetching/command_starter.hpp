#pragma once
// CommandStarter: adds claimed commands to the held leases and begins them: instant tools in the caller's thread, the others on
// threads. Each thread that claims has its own; what they share takes care of itself.
#include <functional>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "shared/wire/messages/claim.hpp"
#include "worker/loop/ahead/ahead_runner.hpp"
#include "worker/loop/leases/heartbeat_sender.hpp"
#include "worker/loop/leases/held_leases.hpp"
#include "worker/loop/leases/running_commands.hpp"
#include "worker/loop/leases/settings.hpp"
#include "worker/loop/runs/prefetch_estimator.hpp"
#include "worker/loop/runs/reporter.hpp"
#include "worker/loop/runs/run_command.hpp"
#include "worker/loop/runs/tool_threads.hpp"

namespace noetl::loop {

class CommandStarter {
 public:
  struct Parts {
    const tools::Registry& registry;
    HeldLeases& leases;
    Reporter& reporter;
    ToolThreads& threads;
    WorkerCounts& counts;
    PrefetchEstimator& prefetch;
    const HeartbeatSender& heartbeats;
    CredentialClient* secrets = nullptr;
    ProgressReporter* progress = nullptr;
    RunningCommands* running = nullptr;  // null: nobody asks
    AheadRunner* ahead = nullptr;  // null: nothing is run ahead of the server
  };
  CommandStarter(Parts parts, const WorkerSettings& settings);
  CommandStarter(const CommandStarter&) = delete;
  CommandStarter& operator=(const CommandStarter&) = delete;

  using DeliveryOf = std::function<DeliveryPointer(base::CommandId)>;  // null: no notification came for it
  // Gives those that are to be started: not what this worker holds already, or has abandoned. `claim`: of the answer that they came in.
  [[nodiscard]] std::vector<domain::ClaimedCommand> add(std::vector<domain::ClaimedCommand> claimed,
                                                        base::ClaimId claim, const DeliveryOf& delivery_of);

  struct Seen {
    bool is_small = true;  // they take little memory
    bool is_quick = false;  // all of them are of tools that answer at once
  };
  // Of what add() gave last. With none of them: nothing was seen. A worker that was paused while it asked gives them back instead.
  Seen start(std::vector<domain::ClaimedCommand> commands);

 private:
  void give_back(const std::vector<domain::ClaimedCommand>& commands);
  void start_on_thread(domain::ClaimedCommand command, tools::Tool& tool);

  Parts parts_;
  const RunSettings run_settings_;
  std::unordered_map<base::CommandId, std::stop_source> stops_;  // of the batch being started
};

}  // namespace noetl::loop
