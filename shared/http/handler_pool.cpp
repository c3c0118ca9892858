#include "shared/http/handler_pool.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "shared/base/thread_name.hpp"

namespace noetl::http {
namespace {

constexpr std::array lanes_in_order{Lane::reports, Lane::claims, Lane::general};

std::size_t reserved_of(std::size_t threads) { return threads < 4 ? 0 : std::max<std::size_t>(threads / 8, 1); }

}  // namespace

HandlerPool::HandlerPool(std::size_t threads_max, std::size_t waiting_max)
    : threads_max_(threads_max == 0 ? 1 : threads_max),
      waiting_max_(waiting_max),
      reserved_(reserved_of(threads_max_)) {}

HandlerPool::~HandlerPool() { stop(); }

std::size_t HandlerPool::limit_of(Lane lane) const {
  switch (lane) {
    case Lane::reports: return threads_max_;
    case Lane::claims: return threads_max_ - reserved_ / 2;
    case Lane::general: return threads_max_ - reserved_;
  }
  return threads_max_;
}

bool HandlerPool::submit(Work work, Lane lane) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return false;
    auto& queue = lanes_[static_cast<std::size_t>(lane)];
    std::size_t before = 0;  // works that go first
    for (std::size_t i = 0; i <= static_cast<std::size_t>(lane); ++i) before += lanes_[i].size();
    const bool is_taken_at_once = busy_ + before < limit_of(lane);
    if (!is_taken_at_once && queue.size() >= waiting_max_) return false;
    // Threads that are idle have not yet taken what waits for them.
    const bool needs_thread = threads_.size() - busy_ <= queued();
    if (needs_thread && !start_thread() && threads_.empty()) return false;
    queue.push_back(std::move(work));
    count_waiting();
  }
  has_work_.notify_one();
  return true;
}

bool HandlerPool::may_go_on(Lane lane) const { return busy_ <= limit_of(lane); }

std::size_t HandlerPool::queued() const { return lanes_[0].size() + lanes_[1].size() + lanes_[2].size(); }

// Work that an idle thread is about to take does not wait.
void HandlerPool::count_waiting() {
  std::size_t kept_out = 0;
  for (const Lane lane : lanes_in_order) {
    if (busy_ >= limit_of(lane)) kept_out += lanes_[static_cast<std::size_t>(lane)].size();
  }
  const std::size_t runnable = queued() - kept_out;
  const std::size_t idle = threads_.size() > busy_ ? threads_.size() - busy_ : 0;
  waiting_count_.store(kept_out + (runnable > idle ? runnable - idle : 0), std::memory_order_relaxed);
}

bool HandlerPool::start_thread() {
  if (threads_.size() >= threads_max_) return false;
  try {
    threads_.emplace_back([this] { serve(); });
    return true;
  } catch (const std::system_error&) {
    return false;  // the system has no thread to give: as if threads_max were reached
  }
}

std::deque<HandlerPool::Work>* HandlerPool::next_lane() {
  for (const Lane lane : lanes_in_order) {
    auto& queue = lanes_[static_cast<std::size_t>(lane)];
    if (!queue.empty() && (is_stopping_ || busy_ < limit_of(lane))) return &queue;
  }
  return nullptr;
}

void HandlerPool::serve() {
  base::name_thread("request");
  std::unique_lock lock(mutex_);
  for (;;) {
    std::deque<Work>* queue = nullptr;
    has_work_.wait(lock, [&] { return (queue = next_lane()) != nullptr || is_stopping_; });
    if (queue == nullptr) return;
    Work work = std::move(queue->front());
    queue->pop_front();
    ++busy_;
    count_waiting();
    lock.unlock();
    work();
    work = nullptr;  // what it holds is let go outside the lock
    lock.lock();
    --busy_;
    count_waiting();
    if (queued() > 1) has_work_.notify_one();  // a lane that had to wait may run now
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

}  // namespace noetl::http
