#pragma once
// PythonPool: warm interpreters, lent to one call each. borrow() and give_back() may be called from any
// thread. One thread of the pool starts every interpreter: a caller whose deadline comes does not wait
// for a start that has begun.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "shared/base/result.hpp"
#include "worker/tools/python/interpreter.hpp"

namespace noetl::tools {

struct PythonSettings {
  std::string interpreter = "python3";  // a path, or a name on PATH
  std::size_t pool_size = 4;  // at most so many at once
  std::size_t warm_size = 1;  // started before the first call, and kept idle
  std::uint64_t recycle_after_calls = 10'000;
  bool is_reused = false;  // one interpreter runs many calls itself, instead of a process for each
  std::string preload = {};  // "module,…"
  std::string oom_events_file = {};  // empty: the one of our cgroup, or the machine's
  ToolLimits limits;
};

class PythonPool {
 public:
  explicit PythonPool(PythonSettings settings);
  PythonPool(const PythonPool&) = delete;
  PythonPool& operator=(const PythonPool&) = delete;
  ~PythonPool();

  // Waits for a free one until the deadline (ErrorCode::timeout), a stop (cancelled), or until one
  // cannot be started (unavailable).
  [[nodiscard]] base::Result<std::unique_ptr<Interpreter>> borrow(std::chrono::steady_clock::time_point deadline,
                                                                  const std::stop_token& stop);
  // One that may be used again.
  void give_back(std::unique_ptr<Interpreter> interpreter);
  // One that may not: it is killed. Returns its wait status. `has_served`: false when it died before it took the call.
  int retire(std::unique_ptr<Interpreter> interpreter, bool has_served = true);

  [[nodiscard]] const PythonSettings& settings() const { return settings_; }

 private:
  void start_interpreters(const std::stop_token& stop);
  void order_if_wanted();  // with the mutex held

  const PythonSettings settings_;
  Fd driver_;

  std::mutex mutex_;  // of all below; a plain one, since two condition variables wait on it
  std::condition_variable_any one_is_free_;
  std::condition_variable_any one_is_ordered_;
  std::vector<std::unique_ptr<Interpreter>> idle_;  // the last one in is the first one out: it is hot
  std::size_t alive_ = 0;  // idle, lent and ordered
  std::size_t ordered_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t start_failures_ = 0;
  int deaths_in_turn_ = 0;  // of interpreters that served no call: the next start waits longer
  base::Error last_failure_;

  std::jthread starter_;  // last: it uses all of the above
};

}  // namespace noetl::tools
