#pragma once
// Clock: where code that waits reads time from, so that tests can turn it by hand. Two implementations:
// SystemClock and ManualClock. Durable times never come from here: they come from Postgres (R9).
#include <chrono>
#include <mutex>

namespace noetl::base {

using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime now() const override;
};

// Stands still until advance(). Any thread.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime now() const override;
  void advance(std::chrono::nanoseconds by);

 private:
  mutable std::mutex mutex_;
  SteadyTime now_{std::chrono::hours(1)};
};

}  // namespace noetl::base
