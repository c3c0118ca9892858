#pragma once
// Guarded<T>: data and its mutex in one object; the data can only be reached while the mutex is held.
// Nothing may be called out while inside with(): no I/O, no callback, no second Guarded.
#include <mutex>
#include <utility>

namespace noetl::base {

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  template <class F>
  decltype(auto) with(F&& act) {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(act)(value_);
  }
  template <class F>
  decltype(auto) with(F&& act) const {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(act)(std::as_const(value_));
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace noetl::base
