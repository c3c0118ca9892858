#include "server/api/handler_pool.hpp"

#include <system_error>
#include <utility>

#include "shared/base/thread_name.hpp"

namespace noetl::api {

HandlerPool::HandlerPool(std::size_t threads_max, std::size_t waiting_max)
    : threads_max_(threads_max == 0 ? 1 : threads_max), waiting_max_(waiting_max) {}

HandlerPool::~HandlerPool() { stop(); }

bool HandlerPool::submit(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return false;
    // Threads that are idle have not yet taken what waits for them.
    const bool needs_thread = idle_ <= waiting_.size();
    const bool has_thread = !needs_thread || start_thread();
    if (!has_thread && (threads_.empty() || waiting_.size() >= waiting_max_ + idle_)) return false;
    waiting_.push_back(std::move(work));
    count_waiting();
  }
  has_work_.notify_one();
  return true;
}

// Work that an idle thread is about to take does not wait.
void HandlerPool::count_waiting() {
  waiting_count_.store(waiting_.size() > idle_ ? waiting_.size() - idle_ : 0, std::memory_order_relaxed);
}

bool HandlerPool::start_thread() {
  if (threads_.size() >= threads_max_) return false;
  try {
    threads_.emplace_back([this] { serve(); });
    ++idle_;  // counted here, so that the next submit() knows about it before it runs
    return true;
  } catch (const std::system_error&) {
    return false;  // the system has no thread to give: as if threads_max were reached
  }
}

void HandlerPool::serve() {
  base::name_thread("request");
  std::unique_lock lock(mutex_);
  for (;;) {
    has_work_.wait(lock, [&] { return is_stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Work work = std::move(waiting_.front());
    waiting_.pop_front();
    --idle_;
    count_waiting();
    lock.unlock();
    work();
    work = nullptr;  // what it holds is let go outside the lock
    lock.lock();
    ++idle_;
  }
}

void HandlerPool::stop() {
  std::vector<std::jthread> ending;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    ending.swap(threads_);
  }
  has_work_.notify_all();
  for (auto& thread : ending) thread.join();
}

std::size_t HandlerPool::thread_count() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

std::optional<RequestGate::Permit> RequestGate::enter() {
  std::unique_lock lock(mutex_);
  if (inside_ >= limits_.inside_max) {
    if (waiting_ >= limits_.waiting_max) return std::nullopt;
    ++waiting_;
    const bool has_room =
        has_room_.wait_for(lock, limits_.patience, [&] { return inside_ < limits_.inside_max; });
    --waiting_;
    if (!has_room) return std::nullopt;
  }
  ++inside_;
  return std::optional<Permit>(std::in_place, *this);
}

std::size_t RequestGate::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_;
}

void RequestGate::leave() {
  {
    const std::lock_guard lock(mutex_);
    --inside_;
  }
  has_room_.notify_one();
}

}  // namespace noetl::api
