#include "shared/durations/count.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "shared/durations/found.hpp"

namespace noetl::durations {
namespace {

using base::ErrorCode;
using base::failure;

constexpr double factor_max = 100;

// A number, or a text that is one: digits with a fraction at most.
std::optional<double> number_of(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty() || text.find_first_not_of("-0123456789.") != std::string::npos) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

base::Result<int> count_of(const nlohmann::json& value, const CountBounds& bounds) {
  const auto number = number_of(value);
  if (number && std::floor(*number) == *number && *number >= bounds.least && *number <= bounds.most)
    return static_cast<int>(*number);
  const auto most = bounds.most == CountBounds{}.most ? "" : " to " + std::to_string(bounds.most);
  return failure(ErrorCode::invalid_input,
                 "expected a whole number from " + std::to_string(bounds.least) + most + "; found " + found(value));
}

base::Result<double> factor_of(const nlohmann::json& value) {
  const auto number = number_of(value);
  if (number && *number >= 1 && *number <= factor_max) return *number;
  return failure(ErrorCode::invalid_input, "expected a number from 1 to 100; found " + found(value));
}

}  // namespace noetl::durations
