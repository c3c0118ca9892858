#pragma once
// HandlerPool: the threads that serve connections, one each, at most threads_max, started when needed.
// RequestGate: how many requests may work at once, whatever the number of connections. Both wait for a
// bounded time in a bounded number and then refuse, so that overload shows as 503 and not as a pile-up.
// Any thread may call either; stop() is called by the owner.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace noetl::api {

class HandlerPool {
 public:
  using Work = std::function<void()>;

  HandlerPool(std::size_t threads_max, std::size_t waiting_max);
  ~HandlerPool();
  HandlerPool(const HandlerPool&) = delete;
  HandlerPool& operator=(const HandlerPool&) = delete;

  // False: every thread is busy and waiting_max works wait already, or stop() was called.
  [[nodiscard]] bool submit(Work work);
  // Does work wait for a thread? Then connections that are idle should make room.
  [[nodiscard]] bool has_waiting() const { return waiting_count_.load(std::memory_order_relaxed) > 0; }
  // Runs what waits, then ends every thread. Work that is running must end by itself.
  void stop();

  [[nodiscard]] std::size_t thread_count() const;

 private:
  void serve();
  [[nodiscard]] bool start_thread();  // mutex held
  void count_waiting();  // mutex held

  const std::size_t threads_max_;
  const std::size_t waiting_max_;
  std::atomic<std::size_t> waiting_count_{0};
  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<Work> waiting_;
  std::size_t idle_ = 0;
  bool is_stopping_ = false;
  std::vector<std::jthread> threads_;
};

class RequestGate {
 public:
  struct Limits {
    std::size_t inside_max = 64;
    std::size_t waiting_max = 256;
    std::chrono::milliseconds patience{1000};
  };

  // Leaves the gate when it goes out of scope.
  class Permit {
   public:
    explicit Permit(RequestGate& gate) : gate_(&gate) {}
    Permit(Permit&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Permit& operator=(Permit&&) = delete;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    RequestGate* gate_;
  };

  explicit RequestGate(Limits limits) : limits_(limits) {}
  RequestGate(const RequestGate&) = delete;
  RequestGate& operator=(const RequestGate&) = delete;

  // Waits at most `patience` for room; nothing when there is none, or when too many wait already.
  [[nodiscard]] std::optional<Permit> enter();
  [[nodiscard]] std::size_t inside() const;

 private:
  void leave();

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable has_room_;
  std::size_t inside_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace noetl::api
