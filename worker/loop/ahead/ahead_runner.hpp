#pragma once
// AheadRunner: runs a command of a loop that takes one item at a time, and then what follows it, without waiting for the server between
// two commands: what ends is reported in batches, and the server makes the same decisions from it (docs/internals/decisions/0028). Any thread.
#include <deque>
#include <map>
#include <stop_token>
#include <string>

#include "shared/base/guarded.hpp"
#include "shared/transport/transport.hpp"
#include "worker/loop/ahead/ahead_line.hpp"
#include "worker/loop/leases/heartbeat_sender.hpp"
#include "worker/loop/leases/held_leases.hpp"
#include "worker/loop/runs/prefetch_estimator.hpp"
#include "worker/loop/runs/reporter.hpp"
#include "worker/loop/runs/run_command.hpp"

namespace noetl::loop {

class AheadRunner {
 public:
  struct Parts {
    transport::Transport& transport;
    const tools::Registry& registry;
    HeldLeases& leases;
    Reporter& reporter;
    WorkerCounts& counts;
    PrefetchEstimator& prefetch;
    const HeartbeatSender& heartbeats;
  };
  AheadRunner(Parts parts, RunSettings settings, int slots)
      : parts_(parts), settings_(std::move(settings)), slots_(slots) {}
  AheadRunner(const AheadRunner&) = delete;
  AheadRunner& operator=(const AheadRunner&) = delete;

  // Whether the server says of a command that its worker may go on with what follows.
  [[nodiscard]] static bool is_for(const domain::ClaimedCommand& command);
  // Returns when everything is reported, or given to the reporter. It has the command's slot for as long.
  void run(const domain::ClaimedCommand& command, tools::Tool& tool, const std::stop_source& stop);

 private:
  friend class AheadRun;
  [[nodiscard]] AheadLine::PlaybookPointer playbook_of(const wire::AheadBasis& basis);
  // Not while the worker drains or is paused.
  [[nodiscard]] bool may_go_on() const { return !parts_.counts.is_draining && !parts_.heartbeats.is_paused(); }
  [[nodiscard]] base::CatalogId newest_playbook() const;

  const Parts parts_;
  const RunSettings settings_;
  const int slots_;
  struct Known {
    std::map<base::CatalogId, AheadLine::PlaybookPointer> playbooks;
    std::deque<base::CatalogId> oldest_first;
  };
  base::Guarded<Known> known_;
};

}  // namespace noetl::loop
