#pragma once
// wait_for_stop: the pause of a thread between two tries. Any thread.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace noetl::base {

// Waits for so long, or until a stop is requested. True: it is.
inline bool wait_for_stop(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait_for(lock, stop, time, [] { return false; });
  return stop.stop_requested();
}

}  // namespace noetl::base
