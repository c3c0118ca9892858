#include "shared/domain/json_number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace noetl::domain {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Its digits without sign, point, exponent, and zeros at either end; where the point stands among them is what a parser has read.
std::string significant(std::string_view token) {
  std::string digits;
  for (const char c : token.substr(0, token.find_first_of("eE"))) {
    if (is_digit(c) && (c != '0' || !digits.empty())) digits += c;
  }
  digits.resize(digits.find_last_not_of('0') + 1);  // npos + 1 is 0
  return digits;
}

// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?
bool is_json_number(std::string_view token) {
  std::size_t at = token.starts_with('-') ? 1 : 0;
  const auto skip_digits = [&] {
    const std::size_t from = at;
    while (at < token.size() && is_digit(token[at])) ++at;
    return at - from;
  };
  const bool is_zero = at < token.size() && token[at] == '0';
  const std::size_t whole = skip_digits();
  if (whole == 0 || (is_zero && whole > 1)) return false;
  if (at < token.size() && token[at] == '.') {
    ++at;
    if (skip_digits() == 0) return false;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    if (skip_digits() == 0) return false;
  }
  return at == token.size();
}

bool is_kept_integer(std::string_view token) {
  const char* const end = token.data() + token.size();
  std::int64_t integer = 0;
  std::uint64_t natural = 0;
  return token.starts_with('-') ? std::from_chars(token.data(), end, integer).ec == std::errc{}
                                : std::from_chars(token.data(), end, natural).ec == std::errc{};
}

bool is_kept_real(std::string_view token) {
  constexpr std::size_t digits_max = 800;  // no double has more
  const std::string digits = significant(token);
  double value = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), value);
  if (read.ec != std::errc{} || !std::isfinite(value))
    return digits.empty();  // beyond a double; zero in any spelling is zero
  if (value == 0 || digits.size() > digits_max) return digits.empty();
  std::array<char, digits_max + 32> shown{};
  const auto shortest = std::to_chars(shown.data(), shown.data() + shown.size(), value, std::chars_format::scientific);
  if (significant({shown.data(), shortest.ptr}) == digits) return true;
  // What prints doubles with 17 digits or more means the double, not those digits.
  const auto exact = std::to_chars(shown.data(), shown.data() + shown.size(), value, std::chars_format::scientific,
                                   std::max(static_cast<int>(digits.size()), 1) - 1);
  return significant({shown.data(), exact.ptr}) == digits;
}

}  // namespace

bool is_kept_number(std::string_view token) {
  if (token.empty() || (token.front() != '-' && !is_digit(token.front())) || !is_json_number(token)) return true;
  if (token.find_first_of(".eE") == std::string_view::npos) return is_kept_integer(token);
  return is_kept_real(token);
}

}  // namespace noetl::domain
