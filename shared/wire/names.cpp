#include "shared/wire/names.hpp"

#include <algorithm>
#include <chrono>

namespace noetl::wire {
namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

bool consists_of(std::string_view text, std::size_t bytes_max, std::string_view further) {
  if (text.empty() || text.size() > bytes_max) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alphanumeric(c) || further.find(c) != std::string_view::npos; });
}

// `shape` has 'd' for a digit; everything else stands for itself.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
  }
  return true;
}

int two_digits(std::string_view text, std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); }

bool is_zone(std::string_view zone) {
  if (zone == "Z" || zone == "z") return true;
  if (!has_shape(zone, "+dd:dd") && !has_shape(zone, "-dd:dd")) return false;
  return two_digits(zone, 1) <= 15 && two_digits(zone, 4) <= 59;  // Postgres takes offsets up to 15:59
}

}  // namespace

bool is_pool_name(std::string_view text) { return consists_of(text, pool_bytes_max, "_-"); }
bool is_tool_kind(std::string_view text) { return consists_of(text, pool_bytes_max, "_-"); }
bool is_worker_id(std::string_view text) { return consists_of(text, worker_id_bytes_max, "._-"); }

bool is_idempotency_key(std::string_view text) {
  if (text.empty() || text.size() > idempotency_key_bytes_max) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool is_trace_id(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_traceparent(std::string_view text) {
  if (text.size() != 55 || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return false;
  const auto hex = [&](std::size_t from, std::size_t count) {
    return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(from),
                       text.begin() + static_cast<std::ptrdiff_t>(from + count), is_hex);
  };
  return hex(3, 32) && hex(36, 16) && hex(53, 2);
}

bool is_rfc3339(std::string_view text) {
  constexpr std::size_t seconds_end = 19;
  if (text.size() < seconds_end + 1 || text.size() > time_bytes_max) return false;
  const std::string_view body = text.substr(0, seconds_end);
  const bool has_separator = body[10] == 'T' || body[10] == 't' || body[10] == ' ';
  if (!has_separator || !has_shape(body.substr(0, 10), "dddd-dd-dd") || !has_shape(body.substr(11), "dd:dd:dd"))
    return false;
  const std::chrono::year_month_day day{std::chrono::year(two_digits(body, 0) * 100 + two_digits(body, 2)),
                                        std::chrono::month(static_cast<unsigned>(two_digits(body, 5))),
                                        std::chrono::day(static_cast<unsigned>(two_digits(body, 8)))};
  if (!day.ok() || static_cast<int>(day.year()) < 1) return false;
  if (two_digits(body, 11) > 23 || two_digits(body, 14) > 59 || two_digits(body, 17) > 59) return false;
  std::size_t at = seconds_end;
  if (text[at] == '.') {
    const std::size_t first = ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == first) return false;  // Postgres rounds to microseconds
  }
  return is_zone(text.substr(at));
}

}  // namespace noetl::wire
