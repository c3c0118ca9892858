#pragma once
// RunningCommands: which commands the tools of this worker run now, for people. Any thread.
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "shared/domain/command.hpp"

namespace noetl::loop {

class RunningCommands {
 public:
  struct One {
    domain::Lease lease;
    std::string step;
    std::int32_t attempt = 0;
  };
  // As long as the tool runs. The command outlives it.
  class Scope {
   public:
    Scope(RunningCommands& all, const domain::ClaimedCommand& command) : all_(all), lease_(command.lease) {
      const std::lock_guard lock(all_.mutex_);
      all_.running_[lease_] = &command;
    }
    ~Scope() {
      const std::lock_guard lock(all_.mutex_);
      all_.running_.erase(lease_);
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    RunningCommands& all_;
    const domain::Lease lease_;
  };

  [[nodiscard]] std::vector<One> now() const {
    const std::lock_guard lock(mutex_);
    std::vector<One> found;
    for (const auto& [lease, command] : running_)
      found.push_back({.lease = lease, .step = command->step, .attempt = command->attempt});
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::map<domain::Lease, const domain::ClaimedCommand*> running_;
};

}  // namespace noetl::loop
