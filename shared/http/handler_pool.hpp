#pragma once
// HandlerPool: the threads that answer whole requests, at most threads_max, started when needed. What keeps work alive goes before
// what brings new work: the last threads are for reports and heartbeats, some for claims. Each lane waits in a bounded number; beyond
// it work is refused, so that overload shows as 503 and not as a pile-up. Any thread may call it; stop() is called by the owner.
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace noetl::http {

// In the order in which they are served.
enum class Lane { reports, claims, general };

class HandlerPool {
 public:
  using Work = std::function<void()>;

  // `waiting_max`: of each lane.
  HandlerPool(std::size_t threads_max, std::size_t waiting_max);
  ~HandlerPool();
  HandlerPool(const HandlerPool&) = delete;
  HandlerPool& operator=(const HandlerPool&) = delete;

  // False: its threads are busy and waiting_max works wait already, or stop() was called.
  [[nodiscard]] bool submit(Work work, Lane lane = Lane::general);
  // Does work wait for a thread? Then connections that are idle should make room.
  [[nodiscard]] bool has_waiting() const { return waiting_count_.load(std::memory_order_relaxed) > 0; }
  // A thread that has done its work: may it go on with work of this lane, as if it had been submitted?
  [[nodiscard]] bool may_go_on(Lane lane) const;
  // Runs what waits, then ends every thread. Work that is running must end by itself.
  void stop();

  [[nodiscard]] std::size_t thread_count() const;
  [[nodiscard]] std::size_t threads_max() const { return threads_max_; }

 private:
  void serve();
  [[nodiscard]] bool start_thread();  // mutex held
  [[nodiscard]] std::size_t limit_of(Lane lane) const;
  [[nodiscard]] std::deque<Work>* next_lane();  // mutex held; nullptr: nothing may run now
  [[nodiscard]] std::size_t queued() const;  // mutex held
  void count_waiting();  // mutex held

  const std::size_t threads_max_;
  const std::size_t waiting_max_;
  const std::size_t reserved_;  // threads that new work does not get
  std::atomic<std::size_t> waiting_count_{0};
  std::atomic<std::size_t> busy_{0};  // written under the mutex
  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::array<std::deque<Work>, 3> lanes_;
  bool is_stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace noetl::http
