#include "shared/fetch/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

namespace noetl::fetch {
namespace {

using std::chrono::milliseconds;
using std::chrono::sys_days;

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// -1: it is no such number.
int number_of(std::string_view text, std::size_t digits_max) {
  int number = -1;
  if (is_digits(text) && text.size() <= digits_max) std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<milliseconds> seconds_of(std::string_view text) {
  const std::size_t dot = text.find('.');
  std::string_view whole = text.substr(0, dot);
  std::string_view fraction = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  if (!is_digits(whole) || (dot != std::string_view::npos && !is_digits(fraction))) return std::nullopt;
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  if (whole.size() > 7) return retry_after_max;
  std::int64_t ms = std::int64_t{number_of(whole, 7)} * 1000;
  for (std::int64_t place = 100; !fraction.empty() && place > 0; place /= 10, fraction.remove_prefix(1))
    ms += place * (fraction.front() - '0');
  if (fraction.find_first_not_of('0') != std::string_view::npos) ++ms;
  return std::min<milliseconds>(milliseconds(ms), retry_after_max);
}

int month_of(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* const found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? 0 : static_cast<int>(found - names.begin()) + 1;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994".
std::optional<std::chrono::sys_seconds> date_of(std::string_view text, std::chrono::system_clock::time_point now) {
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(' '); at != std::string_view::npos && words.size() < 7;) {
    const std::size_t end = std::min(text.find_first_of(" ,-", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(" ,-", end);
  }
  const bool is_asctime = words.size() == 5;
  if (!is_asctime && (words.size() != 6 || (words[5] != "GMT" && words[5] != "UTC"))) return std::nullopt;
  if (words[0].size() < 3 || (words[0][0] >= '0' && words[0][0] <= '9')) return std::nullopt;
  const int day = number_of(words[is_asctime ? 2 : 1], 2);
  const int month = month_of(words[is_asctime ? 1 : 2]);
  const std::string_view year_text = words[is_asctime ? 4 : 3];
  const std::string_view time = words[is_asctime ? 3 : 4];
  int year = number_of(year_text, 4);
  if (year < 0 || (year_text.size() != 4 && (year_text.size() != 2 || is_asctime))) return std::nullopt;
  if (time.size() != 8 || time[2] != ':' || time[5] != ':') return std::nullopt;
  const int hours = number_of(time.substr(0, 2), 2);
  const int minutes = number_of(time.substr(3, 2), 2);
  const int seconds = number_of(time.substr(6, 2), 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60) return std::nullopt;
  if (year_text.size() == 2) {
    // RFC 9110, 5.6.7: one that seems more than 50 years ahead is of the century before.
    const int this_year =
        static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(now)).year());
    year += this_year / 100 * 100;
    if (year > this_year + 50) year -= 100;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(std::max(day, 0)))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date) + std::chrono::hours(hours) + std::chrono::minutes(minutes) + std::chrono::seconds(seconds);
}

}  // namespace

std::optional<milliseconds> retry_after_of(std::string_view value, std::chrono::system_clock::time_point now) {
  if (auto seconds = seconds_of(value)) return seconds;
  const auto date = date_of(value, now);
  if (!date) return std::nullopt;
  // Nanoseconds, which the clock counts, do not reach the year 9999.
  return std::clamp<milliseconds>(*date - std::chrono::floor<milliseconds>(now), milliseconds(0), retry_after_max);
}

}  // namespace noetl::fetch
