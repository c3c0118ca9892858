#pragma once
// ToolThreads: threads for tools that take their time; a new one only when all are busy, at most `threads_max`.
// submit() from any thread; the destructor runs what was submitted to its end.
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace noetl::loop {

class ToolThreads {
 public:
  explicit ToolThreads(std::size_t threads_max) : threads_max_(threads_max) {}
  ~ToolThreads();
  ToolThreads(const ToolThreads&) = delete;
  ToolThreads& operator=(const ToolThreads&) = delete;

  // The caller keeps to its slots, of which there are as many as threads: so the queue is bounded by them.
  void submit(std::function<void()> work);

 private:
  void work_until_closed();

  const std::size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable work_or_end_;
  std::deque<std::function<void()>> waiting_;
  std::size_t idle_ = 0;
  bool is_closed_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace noetl::loop
