#include "shared/base/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace noetl::base {

std::chrono::milliseconds Backoff::delay_after(int failures) const {
  const int n = std::max(failures, 1);
  double ms = static_cast<double>(initial.count());
  switch (kind) {
    case BackoffKind::none: return std::chrono::milliseconds{0};
    case BackoffKind::fixed: break;
    case BackoffKind::linear: ms *= n; break;
    case BackoffKind::exponential: ms *= std::pow(multiplier, n - 1); break;
  }
  // Compared as doubles: a large exponent must cap, not overflow.
  const double capped = std::min(ms, static_cast<double>(delay_max.count()));
  return std::chrono::milliseconds{static_cast<std::int64_t>(std::max(capped, 0.0))};
}

std::chrono::milliseconds Backoff::jittered_after(int failures, double unit_random) const {
  const auto full = static_cast<double>(delay_after(failures).count());
  return std::chrono::milliseconds{static_cast<std::int64_t>(full * (0.5 + 0.5 * unit_random))};
}

}  // namespace noetl::base
