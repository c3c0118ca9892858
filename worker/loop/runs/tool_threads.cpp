#include "worker/loop/runs/tool_threads.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "shared/base/thread_name.hpp"

namespace noetl::loop {

ToolThreads::~ToolThreads() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  work_or_end_.notify_all();
  threads_.clear();
}

void ToolThreads::submit(Work work) {
  {
    const std::lock_guard lock(mutex_);
    auto place = waiting_.end();
    while (place != waiting_.begin() && std::prev(place)->priority < work.priority) --place;
    waiting_.insert(place, std::move(work));
    if (idle_ < waiting_.size() && threads_.size() < threads_max_) {
      threads_.emplace_back([this] { work_until_closed(); });
    }
    if (idle_ == 0) return;  // whoever ends, or begins, looks for himself
  }
  work_or_end_.notify_one();
}

std::size_t ToolThreads::hand_back(std::chrono::steady_clock::time_point waiting_since) {
  std::deque<Work> late;
  {
    const std::lock_guard lock(mutex_);
    const auto is_late = [&](const Work& work) { return work.since < waiting_since; };
    if (busy_ < threads_max_ || std::ranges::none_of(waiting_, is_late)) return 0;
    late.swap(waiting_);
  }
  for (const Work& work : late) work.hand_back();
  return late.size();
}

void ToolThreads::hand_back_all() {
  std::deque<Work> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(waiting_);
  }
  for (const Work& work : all) work.hand_back();
}

bool ToolThreads::is_anything_waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() > idle_;
}

void ToolThreads::work_until_closed() {
  base::name_thread("tool");
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_or_end_.wait(lock, [&] { return is_closed_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    const Work work = std::move(waiting_.front());
    waiting_.pop_front();
    ++busy_;
    lock.unlock();
    work.run();
    lock.lock();
    --busy_;
  }
}

}  // namespace noetl::loop
