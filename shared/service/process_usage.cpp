#include "shared/service/process_usage.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace noetl::service {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
}

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  long size = 0;
  long resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024.0 * 1024.0);
}

}  // namespace

ProcessUsage::ProcessUsage() : looked_at_(std::chrono::steady_clock::now()), cpu_seconds_(cpu_seconds()) {}

Usage ProcessUsage::look() {
  const auto now = std::chrono::steady_clock::now();
  const double used = cpu_seconds();
  const double elapsed = std::chrono::duration<double>(now - looked_at_).count();
  const Usage usage{.memory_mb = resident_mb(),
                    .cpu_percent = elapsed > 0 ? 100.0 * (used - cpu_seconds_) / elapsed : 0.0};
  looked_at_ = now;
  cpu_seconds_ = used;
  return usage;
}

}  // namespace noetl::service
