#include "shared/durations/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "shared/durations/found.hpp"

namespace noetl::durations {
namespace {

using base::ErrorCode;
using base::failure;
using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 6> units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}, {"", 1000}}};
// 30,000 years: far above every bound, and a double still holds each millisecond.
constexpr double milliseconds_max = 1e15;

constexpr const char* forms = "seconds, or a number with ms, s, m, h or d, such as 30, 500ms, 1.5h";

base::Result<milliseconds> from_milliseconds(double amount) {
  if (!(amount >= 0)) return failure(ErrorCode::invalid_input, "less than nothing");
  if (amount > milliseconds_max) return failure(ErrorCode::invalid_input, "too large");
  // Never none of it: a limit of 0 would be no limit.
  return amount > 0 && amount < 1 ? milliseconds(1) : milliseconds(std::llround(amount));
}

// 12 or 12.5: no sign, no exponent, no blanks.
std::size_t number_length(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  const auto whole = std::min(text.find_first_not_of(digits), text.size());
  if (whole == 0 || whole == text.size() || text[whole] != '.') return whole;
  const auto end = std::min(text.find_first_not_of(digits, whole + 1), text.size());
  return end == whole + 1 ? 0 : end;
}

std::string expectation(const DurationBounds& bounds) {
  const std::string least = bounds.least.count() > 1   ? " of at least " + duration_text(bounds.least) + ","
                            : bounds.least.count() > 0 ? " above 0"
                                                       : "";
  return "expected a duration" + least + " up to " + duration_text(bounds.most) + ": " + forms;
}

}  // namespace

base::Result<milliseconds> parse_duration(std::string_view text) {
  const auto length = number_length(text);
  if (length == 0) return failure(ErrorCode::invalid_input, std::string("not a duration: ") + forms);
  double number = 0;
  std::from_chars(text.data(), text.data() + length, number);
  const auto name = text.substr(length);
  for (const auto& unit : units) {
    if (unit.name == name) return from_milliseconds(number * static_cast<double>(unit.milliseconds));
  }
  return failure(ErrorCode::invalid_input, "unknown unit '" + std::string(name) + "'");
}

base::Result<milliseconds> duration_of(const nlohmann::json& value, const DurationBounds& bounds) {
  const auto read = value.is_number() ? from_milliseconds(value.get<double>() * 1000)
                    : value.is_string()
                        ? parse_duration(value.get_ref<const std::string&>())
                        : base::Result<milliseconds>(failure(ErrorCode::invalid_input, "neither number nor text"));
  if (read && *read >= bounds.least && *read <= bounds.most) return *read;
  return failure(ErrorCode::invalid_input, expectation(bounds) + "; found " + found(value));
}

std::string duration_text(milliseconds value) {
  for (const auto& unit : units) {
    if (!unit.name.empty() && value.count() >= unit.milliseconds && value.count() % unit.milliseconds == 0)
      return std::to_string(value.count() / unit.milliseconds) + std::string(unit.name);
  }
  return std::to_string(value.count()) + "ms";
}

}  // namespace noetl::durations
