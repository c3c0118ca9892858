#pragma once
// Durations as people write them, in playbooks, tools, settings and flags: 30, 2.5, "30", "500ms", "5s", "1.5h", "7d". A number
// without a unit is seconds. Registration, lint and run time ask the same functions. Pure; any thread.
#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace noetl::durations {

struct DurationBounds {
  std::chrono::milliseconds least{0};
  std::chrono::milliseconds most = std::chrono::hours(24 * 30);
};
// Of what ends when the time is over: nothing could be done in no time.
inline constexpr DurationBounds timeout_bounds{.least = std::chrono::milliseconds{1}};
inline constexpr DurationBounds delay_bounds{};
// Of tokens and secrets that are kept.
inline constexpr DurationBounds lifetime_bounds{.least = std::chrono::milliseconds{1},
                                                .most = std::chrono::hours(24 * 366)};

// Errors: invalid_input. What is above 0 is at least a millisecond.
[[nodiscard]] base::Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// A number, or a text with one. Errors: invalid_input, "expected …, found …".
[[nodiscard]] base::Result<std::chrono::milliseconds> duration_of(const nlohmann::json& value,
                                                                  const DurationBounds& bounds);

[[nodiscard]] std::string duration_text(std::chrono::milliseconds value);  // "500ms", "90s", "2m", "7d"

}  // namespace noetl::durations
