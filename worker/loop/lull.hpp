#pragma once
// Lull: whether the inbox waits for notifications with nothing known to wait for it. Then Standby may ask for work that needs no notification. Any thread.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace noetl::loop {

class Lull {
 public:
  // It lasts as long as this object.
  class Scope {
   public:
    explicit Scope(Lull& lull) : lull_(lull) { lull_.set(true); }
    ~Scope() { lull_.set(false); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Lull& lull_;
  };

  // False when `patience` passed without one, or `stop` was requested.
  [[nodiscard]] bool wait(const std::stop_token& stop, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return begun_.wait_for(lock, stop, patience, [&] { return is_on_; });
  }

 private:
  void set(bool is_on) {
    {
      const std::lock_guard lock(mutex_);
      is_on_ = is_on;
    }
    if (is_on) begun_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable_any begun_;
  bool is_on_ = false;  // guarded by mutex_
};

}  // namespace noetl::loop
