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

// linear, exponential; any other word is fixed, `none` too: an author who writes a delay beside it means it.
[[nodiscard]] base::BackoffKind backoff_kind_from(std::string_view word);

// What playbooks get that say less: the same wait every time, never more than an hour.
inline constexpr base::Backoff backoff_of_playbooks{.kind = base::BackoffKind::fixed,
                                                    .initial = std::chrono::milliseconds{0},
                                                    .delay_max = std::chrono::hours{1},
                                                    .multiplier = 2.0};

}  // namespace noetl::engine
