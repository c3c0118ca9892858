#pragma once
// Durations and counts as authors write them. Pure; any thread.
#include <chrono>
#include <optional>
#include <string>

#include "shared/domain/playbook.hpp"

namespace noetl::engine {

// 30, 2.5, "30", "30s", "500ms", "5m", "1h" → a duration, at most 30 days; anything else → zero.
[[nodiscard]] std::chrono::milliseconds duration_from(const domain::Json& value);

// 3, 3.0, "3" → 3; nothing for what is no number.
[[nodiscard]] std::optional<double> number_from(const domain::Json& value);

// How long the attempt after `attempt` (from 1) waits. backoff: none, fixed, linear, exponential.
struct RetryDelay {
  std::chrono::milliseconds first{0};
  std::string backoff = "fixed";
  double multiplier = 2.0;                        // exponential
  std::chrono::milliseconds longest{3'600'000};
  [[nodiscard]] std::chrono::milliseconds after(int attempt) const;
};

}  // namespace noetl::engine
