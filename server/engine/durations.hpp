#pragma once
// Durations and counts as authors write them. Pure; any thread.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/backoff.hpp"
#include "shared/domain/playbook.hpp"

namespace noetl::engine {

// 30, 2.5, "30", "30s", "500ms", "5m", "1h" → a duration, at most 30 days; anything else → zero.
[[nodiscard]] std::chrono::milliseconds duration_from(const domain::Json& value);

// 3, 3.0, "3" → 3; nothing for what is no number.
[[nodiscard]] std::optional<double> number_from(const domain::Json& value);

// Attempts of a tool whose author wants more than one and does not say how many.
inline constexpr int attempts_default = 3;

// delay | initial_delay, backoff (a word or a factor) | backoff_multiplier, max_delay; `initial` when there
// is no delay.
[[nodiscard]] base::Backoff backoff_of(const domain::Json& spec, std::chrono::milliseconds initial = {});

// How long the peer asked us to wait (`retry_after` of an error), zero when it did not: it is believed, if
// it asks for more than the playbook does.
[[nodiscard]] std::chrono::milliseconds delay_asked(const domain::Json& error);

}  // namespace noetl::engine
