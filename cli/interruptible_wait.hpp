#pragma once
// Waiting between two questions to another process, ended at once by a stop request. Any thread.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace noetl::cli {

// True when the time passed, false when asked to stop.
[[nodiscard]] inline bool wait_unless_stopped(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace noetl::cli
