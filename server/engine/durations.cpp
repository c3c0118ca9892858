#include "server/engine/durations.hpp"

#include <charconv>

namespace noetl::engine {
namespace {

constexpr std::chrono::milliseconds timeout_longest = std::chrono::hours(24 * 30);

}  // namespace

std::chrono::milliseconds duration_from(const domain::Json& value) {
  double amount = 0;
  double unit_ms = 1000;
  if (value.is_number()) {
    amount = value.get<double>();
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    if (error != std::errc{}) return {};
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit == "ms")
      unit_ms = 1;
    else if (unit == "m")
      unit_ms = 60'000;
    else if (unit == "h")
      unit_ms = 3'600'000;
    else if (!unit.empty() && unit != "s")
      return {};
  }
  const double ms = amount * unit_ms;
  if (!(ms > 0)) return {};
  const auto longest = static_cast<double>(timeout_longest.count());
  return ms >= longest ? timeout_longest : std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

std::optional<double> number_from(const domain::Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

base::BackoffKind backoff_kind_from(std::string_view word) {
  if (word == "linear") return base::BackoffKind::linear;
  return word == "exponential" ? base::BackoffKind::exponential : base::BackoffKind::fixed;
}

}  // namespace noetl::engine
