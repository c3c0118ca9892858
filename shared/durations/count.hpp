#pragma once
// Whole numbers and factors as people write them: 3, 3.0, "3". Pure; any thread.
#include <nlohmann/json_fwd.hpp>

#include "shared/base/result.hpp"

namespace noetl::durations {

struct CountBounds {
  int least = 1;
  int most = 1'000'000'000;
};

// Attempts of a tool in all, and requests of a pagination.
inline constexpr CountBounds attempts_bounds{.least = 1, .most = 100'000};

// Errors: invalid_input, "expected …, found …".
[[nodiscard]] base::Result<int> count_of(const nlohmann::json& value, const CountBounds& bounds);

// What a delay is multiplied with, from 1 to 100.
[[nodiscard]] base::Result<double> factor_of(const nlohmann::json& value);

}  // namespace noetl::durations
