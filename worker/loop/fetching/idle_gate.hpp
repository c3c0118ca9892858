#pragma once
// IdleGate: open while the fetcher waits for notifications and none is known to wait for it. Only then does DispatchPoller poll.
// Any thread.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace noetl::loop {

class IdleGate {
 public:
  // The gate is open as long as this object lives.
  class Scope {
   public:
    explicit Scope(IdleGate& idle_gate) : gate_(idle_gate) { gate_.set(true); }
    ~Scope() { gate_.set(false); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    IdleGate& gate_;
  };

  // False when `patience` passed and it was not open, or `stop` was requested.
  [[nodiscard]] bool wait(const std::stop_token& stop, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, stop, patience, [&] { return is_open_; });
  }

 private:
  void set(bool is_open) {
    {
      const std::lock_guard lock(mutex_);
      is_open_ = is_open;
    }
    if (is_open) opened_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable_any opened_;
  bool is_open_ = false;  // guarded by mutex_
};

}  // namespace noetl::loop
