#pragma once
// Backoff: how long to wait before attempt N. Pure; the jitter's random number comes in as an argument.
#include <chrono>
#include <cstdint>

namespace noetl::base {

enum class BackoffKind { none, fixed, linear, exponential };

struct Backoff {
  BackoffKind kind = BackoffKind::exponential;
  std::chrono::milliseconds initial{1000};
  std::chrono::milliseconds delay_max{60'000};
  double multiplier = 2.0;

  // The wait after `failures` failed attempts (1 = after the first), without jitter, capped.
  [[nodiscard]] std::chrono::milliseconds delay_after(int failures) const;
  // The same spread over [0.5, 1.0) of it; `unit_random` in [0, 1). Keeps retries from marching in step.
  [[nodiscard]] std::chrono::milliseconds jittered_after(int failures, double unit_random) const;
};

}  // namespace noetl::base
