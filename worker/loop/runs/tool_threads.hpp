#pragma once
// ToolThreads: threads for tools that take their time; a new one only when all are busy, at most `threads_max`.
// submit() and hand_back() from any thread; the destructor runs what was submitted to its end.
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace noetl::loop {

class ToolThreads {
 public:
  struct Work {
    std::function<void()> run;
    std::function<void()> hand_back;  // instead of it, before it has begun
    std::chrono::steady_clock::time_point since;
    int priority = 0;  // higher first, then as they were submitted
  };

  explicit ToolThreads(std::size_t threads_max) : threads_max_(threads_max) {}
  ~ToolThreads();
  ToolThreads(const ToolThreads&) = delete;
  ToolThreads& operator=(const ToolThreads&) = delete;

  // The caller keeps to its slots, of which there are as many as threads, and to what it prefetches: so the queue is bounded.
  void submit(Work work);
  // When all threads are busy and the oldest that has none waits since before that time, all that wait are handed back, in this
  // thread. How many. A thread that is just being made is one to come: on a busy machine that takes its time.
  std::size_t hand_back(std::chrono::steady_clock::time_point waiting_since);
  void hand_back_all();  // what has not begun, whatever it waits for
  [[nodiscard]] bool is_anything_waiting() const;

 private:
  void work_until_closed();

  const std::size_t threads_max_;
  mutable std::mutex mutex_;
  std::condition_variable work_or_end_;
  std::deque<Work> waiting_;
  std::size_t idle_ = 0;
  std::size_t busy_ = 0;
  bool is_closed_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace noetl::loop
