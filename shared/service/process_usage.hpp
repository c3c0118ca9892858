#pragma once
// What this process takes of its machine. One thread.
#include <chrono>

namespace noetl::service {

struct Usage {
  double memory_mb = 0;  // resident
  double cpu_percent = 0;  // of one processor, since the last look
};

class ProcessUsage {
 public:
  ProcessUsage();
  [[nodiscard]] Usage look();

 private:
  std::chrono::steady_clock::time_point looked_at_;
  double cpu_seconds_ = 0;
};

}  // namespace noetl::service
