#include "shared/base/clock.hpp"

namespace noetl::base {

SteadyTime SystemClock::now() const { return std::chrono::steady_clock::now(); }

SteadyTime ManualClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

void ManualClock::advance(std::chrono::nanoseconds by) {
  const std::lock_guard lock(mutex_);
  now_ += by;
}

}  // namespace noetl::base
