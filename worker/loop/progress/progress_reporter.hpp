#pragma once
// ProgressReporter: looks a few times in each interval at what running commands have said, and tells the server of all of them
// in one call. Nothing waits for it: a call that fails is not repeated. run() in one thread; the rest from any.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "shared/transport/transport.hpp"
#include "worker/loop/leases/settings.hpp"
#include "worker/loop/progress/command_progress.hpp"

namespace noetl::loop {

class ProgressReporter {
 public:
  ProgressReporter(const WorkerSettings& settings, transport::Transport& transport, WorkerCounts& counts);
  ProgressReporter(const ProgressReporter&) = delete;
  ProgressReporter& operator=(const ProgressReporter&) = delete;

  void run(const std::stop_token& stop);

  void join(CommandProgress& command);
  // Afterwards the command is not looked at any more. One that never joined may leave.
  void leave(CommandProgress& command);

 private:
  std::vector<wire::AttemptNote> collect();
  void send(std::vector<wire::AttemptNote> notes);

  const std::string worker_id_;
  const std::chrono::milliseconds interval_;
  transport::Transport& transport_;
  WorkerCounts& counts_;
  bool is_failing_ = false;  // run() only
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::set<CommandProgress*> talking_;  // guarded by mutex_
};

}  // namespace noetl::loop
