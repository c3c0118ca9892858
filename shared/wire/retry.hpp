#pragma once
// Retry: how long a command waits between its attempts, as bodies and the database have it:
// {backoff, initial_delay, multiplier, max_delay, jitter}, delays in seconds. Values; pure; any thread.
#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "shared/base/backoff.hpp"
#include "shared/base/result.hpp"

namespace noetl::wire {

struct Retry {
  base::Backoff backoff;
  bool has_jitter = true;  // spread over the upper half of the delay
};

// Seconds as bodies have them, rounded up to a millisecond.
[[nodiscard]] std::chrono::milliseconds from_seconds(double seconds);
// Errors: invalid_input with the field under `pointer`.
[[nodiscard]] base::Result<Retry> decode_retry(const nlohmann::json& body, const std::string& pointer);
// Of text that encode() made; what cannot be read is the default.
[[nodiscard]] Retry retry_from_text(std::string_view text);
[[nodiscard]] std::string encode(const Retry& retry);

}  // namespace noetl::wire
