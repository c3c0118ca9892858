#pragma once
// Worker: one worker process's loop: register, take notifications, claim, run, report, answer, until it is
// told to stop; then hand back what has not finished. The caller's parts must outlive it. run() once, in one thread.
#include <stop_token>
#include <string>

#include "shared/transport/transport.hpp"
#include "worker/loop/leases/running_commands.hpp"
#include "worker/loop/leases/settings.hpp"
#include "worker/loop/leases/worker_orders.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::loop {

class CredentialClient;

// host-pid-random: unique to this start of the program.
[[nodiscard]] std::string new_worker_id();

class Worker {
 public:
  // Throws std::invalid_argument on settings that can never work. `secrets` null: commands that need any fail.
  Worker(WorkerSettings settings, transport::Transport& transport, const tools::Registry& registry,
         CredentialClient* secrets = nullptr);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Returns after `stop` (or an operator's drain) once everything is handed in or back: within the grace, plus
  // what the last reports take. False when something could not be reported: it runs again when its lease has ended.
  bool run(const std::stop_token& stop);

  [[nodiscard]] const std::string& worker_id() const { return settings_.worker_id; }
  [[nodiscard]] const WorkerCounts& counts() const { return counts_; }
  // Obeyed within a heartbeat. Any thread, also before run().
  [[nodiscard]] WorkerOrders& orders() { return orders_; }
  // What its tools run now.
  [[nodiscard]] const RunningCommands& running() const { return running_commands_; }

 private:
  struct Running;

  [[nodiscard]] wire::WorkerRegistration registration() const;
  // Nothing when `stop` came first.
  std::optional<wire::RegistrationAnswer> register_until_known(const std::stop_token& stop);
  void start(Running& running, const wire::RegistrationAnswer& rules);
  bool drain(Running& running);

  WorkerSettings settings_;
  transport::Transport& transport_;
  const tools::Registry& registry_;
  CredentialClient* secrets_;
  WorkerOrders orders_;
  RunningCommands running_commands_;
  WorkerCounts counts_;
};

}  // namespace noetl::loop
