#include "worker/tools/transfer/cells/fit.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "worker/tools/results.hpp"

namespace noetl::tools::transfer {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_special(std::string_view text) {
  return text == "NaN" || text == "Infinity" || text == "-Infinity" || text == "inf" || text == "-inf" || text == "nan";
}

template <class F>
bool prints_the_same(std::string_view text) {
  if (is_special(text)) return true;
  const auto wanted = decimal_of(text);
  if (!wanted) return false;
  if (text.starts_with('+')) text.remove_prefix(1);
  F value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return false;
  std::array<char, 64> shown_value{};
  const auto end = std::to_chars(shown_value.data(), shown_value.data() + shown_value.size(), value).ptr;
  return decimal_of({shown_value.data(), static_cast<std::size_t>(end - shown_value.data())}) == wanted;
}

// The position of the time of day, or the end.
std::size_t time_at(std::string_view moment) {
  const std::size_t colon = moment.find(':');
  return colon == std::string_view::npos || colon < 2 ? moment.size() : colon - 2;
}

struct Span {
  std::int64_t months = 0;
  std::int64_t days = 0;
  std::int64_t micros = 0;
};

// "3" and "5" of 3.5 seconds, as microseconds; false when it is no number.
bool read_seconds(std::string_view text, std::int64_t unit_seconds, std::int64_t& micros) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::int64_t whole = 0;
  if (std::from_chars(text.data(), text.data() + point, whole).ptr != text.data() + point || point == 0) return false;
  std::string fraction(point < text.size() ? text.substr(point + 1) : std::string_view());
  if (fraction.size() > 6) return false;
  fraction.resize(6, '0');
  const std::int64_t value = whole * 1'000'000 + std::atoll(fraction.c_str());
  micros += (is_negative ? -value : value) * unit_seconds;
  return true;
}

bool read_clock(std::string_view word, std::int64_t& micros) {
  const bool is_negative = word.starts_with('-');
  if (is_negative || word.starts_with('+')) word.remove_prefix(1);
  std::int64_t sum = 0;
  std::int64_t unit = 3600;
  for (std::size_t at = 0; at <= word.size(); unit /= 60) {
    const std::size_t colon = std::min(word.find(':', at), word.size());
    if (unit == 0 || !read_seconds(word.substr(at, colon - at), unit, sum)) return false;
    at = colon + 1;
  }
  micros += is_negative ? -sum : sum;
  return true;
}

bool add_unit(std::string_view number, std::string_view unit, bool is_time, Span& span) {
  if (is_time || unit.starts_with("sec") || unit.starts_with("hour") || unit == "minute" || unit == "minutes") {
    const std::int64_t seconds = unit == "H" || unit.starts_with("hour")  ? 3600
                                 : unit == "M" || unit.starts_with("min") ? 60
                                                                          : 1;
    return read_seconds(number, seconds, span.micros);
  }
  std::int64_t value = 0;
  if (number.starts_with('+')) number.remove_prefix(1);
  if (std::from_chars(number.data(), number.data() + number.size(), value).ptr != number.data() + number.size())
    return false;
  if (unit == "Y" || unit.starts_with("year")) {
    span.months += value * 12;
  } else if (unit == "M" || unit.starts_with("mon")) {
    span.months += value;
  } else if (unit == "D" || unit == "W" || unit.starts_with("day")) {
    span.days += unit == "W" ? value * 7 : value;
  } else {
    return false;
  }
  return true;
}

bool read_iso(std::string_view text, Span& span) {
  bool is_time = false;
  for (std::size_t at = 1; at < text.size();) {
    if (text[at] == 'T') {
      is_time = true;
      ++at;
      continue;
    }
    const std::size_t unit = text.find_first_of("YMWDHS", at);
    if (unit == std::string_view::npos || !add_unit(text.substr(at, unit - at), text.substr(unit, 1), is_time, span))
      return false;
    at = unit + 1;
  }
  return text.size() > 1;
}

bool read_words(std::string_view text, Span& span) {
  std::string_view number;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (word.find(':') != std::string_view::npos) {
      if (!number.empty() || !read_clock(word, span.micros)) return false;
    } else if (number.empty()) {
      number = word;
    } else {
      if (!add_unit(number, word, false, span)) return false;
      number = {};
    }
  }
  return number.empty() && !text.empty();
}

}  // namespace

long Decimal::scale() const {
  const long after = static_cast<long>(digits.size()) - exponent;
  return digits.empty() || after < 0 ? 0 : after;
}

std::optional<Decimal> decimal_of(std::string_view text) {
  Decimal decimal;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) decimal.is_negative = text[at++] == '-';
  bool has_digits = false;
  bool has_point = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !has_point)); ++at) {
    if (text[at] == '.') {
      has_point = true;
      continue;
    }
    has_digits = true;
    const bool is_leading = decimal.digits.empty() && text[at] == '0';
    if (!is_leading) decimal.digits += text[at];
    if (!has_point && !is_leading) ++decimal.exponent;
    if (has_point && is_leading) --decimal.exponent;
  }
  if (!has_digits) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    if (++at < text.size() && text[at] == '+') ++at;
    long power = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), power);
    if (error != std::errc{} || end != text.data() + text.size() || power > 100'000 || power < -100'000)
      return std::nullopt;
    decimal.exponent += power;
    at = text.size();
  }
  if (at != text.size()) return std::nullopt;
  while (!decimal.digits.empty() && decimal.digits.back() == '0') decimal.digits.pop_back();
  if (decimal.digits.empty()) return Decimal{};
  return decimal;
}

std::optional<std::string> whole_number(std::string_view text) {
  const auto decimal = decimal_of(text);
  if (!decimal || decimal->scale() > 0 || decimal->exponent > 1000) return std::nullopt;
  if (decimal->digits.empty()) return "0";
  std::string digits = decimal->digits;
  digits.resize(static_cast<std::size_t>(decimal->exponent), '0');
  return (decimal->is_negative ? "-" : "") + digits;
}

bool is_exact_double(std::string_view text) { return prints_the_same<double>(text); }
bool is_exact_float(std::string_view text) { return prints_the_same<float>(text); }

int fraction_digits(std::string_view moment) {
  const std::size_t point = moment.find('.', time_at(moment));
  if (point == std::string_view::npos) return 0;
  int digits = 0;
  for (std::size_t at = point + 1; at < moment.size() && is_digit(moment[at]); ++at) {
    if (moment[at] != '0') digits = static_cast<int>(at - point);
  }
  return digits;
}

std::string_view zone_of(std::string_view moment) {
  if (moment.ends_with(" BC")) moment.remove_suffix(3);
  const std::size_t time = time_at(moment);
  const std::size_t at = moment.find_first_of("+-Zz", time);
  return at == std::string_view::npos ? std::string_view() : moment.substr(at);
}

bool is_utc(std::string_view zone) {
  return zone.empty() || zone == "Z" || zone == "z" || zone.find_first_of("123456789") == std::string_view::npos;
}

bool has_time(std::string_view moment) {
  const std::size_t time = time_at(moment);
  if (time >= moment.size()) return false;
  const std::string_view zone = zone_of(moment);
  const std::size_t end = zone.empty() ? moment.size() : static_cast<std::size_t>(zone.data() - moment.data());
  return moment.substr(time, end - time).find_first_of("123456789") != std::string_view::npos || !is_utc(zone);
}

std::string duckdb_moment(std::string_view moment) {
  if (!moment.ends_with(" BC")) return std::string(moment);
  moment.remove_suffix(3);
  const std::size_t gap = std::min(moment.find_first_of(" T"), moment.size());
  return std::string(moment.substr(0, gap)) + " (BC)" +
         (gap < moment.size() ? " " + std::string(moment.substr(gap + 1)) : "");
}

std::optional<std::string> duckdb_interval(std::string_view interval) {
  Span span;
  if (!(interval.starts_with('P') ? read_iso(interval, span) : read_words(interval, span))) return std::nullopt;
  return std::to_string(span.months) + " months " + std::to_string(span.days) + " days " + std::to_string(span.micros) +
         " microseconds";
}

std::string shown(std::string_view value) {
  constexpr std::size_t shown_max = 80;
  return "'" + storable_text(value.substr(0, shown_max)) + (value.size() > shown_max ? "…'" : "'");
}

}  // namespace noetl::tools::transfer
