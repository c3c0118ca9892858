#pragma once
// retry_after_of: how long a peer asks us to wait (RFC 9110, 10.2.3). Pure; any thread.
#include <chrono>
#include <optional>
#include <string_view>

namespace noetl::fetch {

inline constexpr std::chrono::hours retry_after_max{24};

// The value of Retry-After: seconds, also with a fraction as some servers write it, or an HTTP date in any of its three forms,
// seen from `now`. Never less than was said, but at most retry_after_max; a date that has passed is 0. Nothing: it is neither.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after_of(std::string_view value,
                                                                      std::chrono::system_clock::time_point now);

}  // namespace noetl::fetch
