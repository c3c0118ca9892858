#include "worker/loop/tool_threads.hpp"

namespace noetl::loop {

ToolThreads::~ToolThreads() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  work_or_end_.notify_all();
  threads_.clear();
}

void ToolThreads::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
    if (idle_ < waiting_.size() && threads_.size() < threads_max_) {
      threads_.emplace_back([this] { work_until_closed(); });
    }
  }
  work_or_end_.notify_one();
}

void ToolThreads::work_until_closed() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_or_end_.wait(lock, [&] { return is_closed_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace noetl::loop
