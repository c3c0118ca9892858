#pragma once
// WorkerCommands: obeys commands to this one worker, whoever brings them (NATS, the server's heartbeats): wire::worker_commands().
// Orders and counts are the worker's and outlive it. Any thread.
#include <atomic>
#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "worker/control/deployments.hpp"
#include "worker/control/program_runs.hpp"
#include "worker/loop/leases/running_commands.hpp"
#include "worker/loop/leases/settings.hpp"
#include "worker/loop/leases/worker_orders.hpp"

namespace noetl::control {

struct WorkerCommandsSettings {
  std::string worker_id;
  std::string pool;
  int slots = 0;
  std::size_t deployments_max = 0;
  ProgramRunsSettings runs;
};

class WorkerCommands {
 public:
  struct Answer {
    int status = 200;  // of HTTP
    std::string body;  // JSON
    std::string code;  // of an error; empty: none
    std::chrono::milliseconds retry_after{0};  // of a saturated worker
  };
  using Reply = std::function<void(Answer)>;

  struct Parts {
    loop::WorkerOrders& orders;
    const loop::WorkerCounts& counts;
    const loop::RunningCommands& running;
    const tools::Registry& registry;
    // What the server answers to POST of a JSON body: it decides what is cancelled, and records events. It may wait.
    std::function<base::Result<std::string>(const std::string& path, const std::string& body)> ask_server;
  };
  static constexpr std::size_t calls_max = 32;  // that take time, and wait or go on

  WorkerCommands(Parts parts, WorkerCommandsSettings settings);
  ~WorkerCommands();
  WorkerCommands(const WorkerCommands&) = delete;
  WorkerCommands& operator=(const WorkerCommands&) = delete;

  // Never waits. `reply` is called once: at once, or on another thread.
  void obey(const std::string& name, std::string body, Reply reply);

  [[nodiscard]] const WorkerCommandsSettings& settings() const { return settings_; }
  [[nodiscard]] const Deployments& deployments() const { return deployments_; }

 private:
  [[nodiscard]] nlohmann::json answer_of(const wire::WorkerCommandRequest& request, const char* status) const;
  [[nodiscard]] Answer obeyed_at_once(const wire::WorkerCommandRequest& request);
  void obey_later(const wire::WorkerCommandRequest& request, const Reply& reply);
  [[nodiscard]] Answer cancel(const wire::WorkerCommandRequest& request);
  [[nodiscard]] Answer record(const wire::WorkerCommandRequest& request);
  [[nodiscard]] Answer deploy(const wire::WorkerCommandRequest& request);
  [[nodiscard]] Answer undeploy(const wire::WorkerCommandRequest& request);
  [[nodiscard]] Answer checkpoint(const wire::WorkerCommandRequest& request) const;
  [[nodiscard]] Answer restore(const wire::WorkerCommandRequest& request);
  void inject(const wire::WorkerCommandRequest& request, const Reply& reply);

  const Parts parts_;
  const WorkerCommandsSettings settings_;
  Deployments deployments_;
  ProgramRuns runs_;
  std::atomic<std::size_t> open_calls_{0};
  loop::ToolThreads calls_;  // last: its threads use the others
};

}  // namespace noetl::control
