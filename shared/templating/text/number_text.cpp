#include "shared/templating/text/number_text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "shared/templating/values/failure.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

constexpr int precision_max = 400;

std::string_view without_blanks(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F); };
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// Underscores stand between digits only.
bool remove_underscores(std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto is_digit = [&](std::size_t at) {
      return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
    };
    if (text[i] == '_' && (i == 0 || !is_digit(i - 1) || !is_digit(i + 1))) {
      return false;
    }
  }
  std::erase(text, '_');
  return true;
}

std::string printed(double value, char conversion, int precision, bool alternate) {
  const std::string format = std::string("%") + (alternate ? "#" : "") + ".*" + conversion;
  const int size = std::snprintf(nullptr, 0, format.c_str(), precision, value);
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(text.data(), text.size(), format.c_str(), precision, value);
  text.pop_back();
  return text;
}

std::string integer_digits(std::int64_t value, const NumberStyle& style) {
  const int base = style.type == 'x' || style.type == 'X' ? 16 : style.type == 'o' ? 8 : style.type == 'b' ? 2 : 10;
  char digits[72];
  const std::uint64_t magnitude = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  std::string text(digits, std::to_chars(digits, digits + sizeof digits, magnitude, base).ptr);
  if (style.precision > static_cast<int>(text.size())) {
    text.insert(0, static_cast<std::size_t>(style.precision) - text.size(), '0');
  }
  if (style.alternate && base != 10) {
    text.insert(0, base == 16 ? "0x" : base == 8 ? "0o" : "0b");
  }
  return style.type == 'X' ? unicode::upper(text) : text;
}

std::string floating_digits(double value, const NumberStyle& style) {
  if (!std::isfinite(value)) {
    return std::isnan(value) ? "nan" : "inf";
  }
  const int precision = std::min(style.precision < 0 ? 6 : style.precision, precision_max);
  switch (style.type) {
    case '%': return printed(value * 100, 'f', precision, style.alternate) + "%";
    case '\0': {
      if (style.precision < 0) {
        return python_float(value);
      }
      std::string text = printed(value, 'g', std::max(precision, 1), false);
      return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
    }
    case 'n': return printed(value, 'g', precision, style.alternate);
    default: return printed(value, style.type, precision, style.alternate);
  }
}

void group_thousands(std::string& digits, char separator) {
  const std::size_t end = std::min(digits.find_first_not_of("0123456789"), digits.size());
  for (std::size_t at = end; at > 3; at -= 3) {
    digits.insert(at - 3, 1, separator);
  }
}

}  // namespace

std::string number_text(const Value& value, const NumberStyle& style) {
  const bool is_floating =
      value.is(Kind::floating) || std::string_view("eEfFgG%").find(style.type) != std::string_view::npos;
  if (style.precision > precision_max) {
    fail_bound("a format asks for more than " + std::to_string(precision_max) + " digits");
  }
  if (value.is(Kind::floating) && std::string_view("dxXobc").find(style.type) != std::string_view::npos &&
      style.type != '\0') {
    fail("this format code wants an integer, not a float");
  }
  if (style.type == 'c') {
    std::string text;
    unicode::append(text, static_cast<char32_t>(std::clamp<std::int64_t>(value.as_integer(), 0, 0x10FFFF)));
    return text;
  }
  const bool is_negative =
      is_floating ? std::signbit(value.as_floating()) && !std::isnan(value.as_floating()) : value.as_integer() < 0;
  std::string digits =
      is_floating ? floating_digits(std::abs(value.as_floating()), style) : integer_digits(value.as_integer(), style);
  if (style.groups != '\0') {
    group_thousands(digits, style.groups);
  }
  const std::string sign = is_negative ? "-" : style.sign == '-' ? "" : std::string(1, style.sign);
  if (style.zero_pads) {
    const std::size_t width = static_cast<std::size_t>(style.width);
    const std::size_t used = sign.size() + digits.size();
    const std::size_t prefix = style.alternate && digits.size() > 1 && digits[0] == '0' &&
                                       std::isalpha(static_cast<unsigned char>(digits[1])) != 0
                                   ? 2
                                   : 0;
    digits.insert(prefix, width > used ? width - used : 0, '0');
  }
  return sign + digits;
}

std::string pad(const std::string& text, std::size_t width, char align, char32_t fill) {
  const std::size_t length = unicode::length(text);
  if (length >= width) {
    return text;
  }
  const std::size_t missing = width - length;
  const std::size_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  return unicode::encode(Points(before, fill)) + text + unicode::encode(Points(missing - before, fill));
}

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  std::string digits(without_blanks(text));
  const bool is_negative = digits.starts_with('-');
  if (is_negative || digits.starts_with('+')) {
    digits.erase(0, 1);
  }
  const auto skip_prefix = [&](std::string_view lower, int of) {
    if ((base == of || base == 0) && digits.size() > 2 && digits[0] == '0' && (digits[1] | 0x20) == lower[0]) {
      digits.erase(0, digits[2] == '_' ? 3 : 2);
      base = of;
    }
  };
  skip_prefix("x", 16);
  skip_prefix("o", 8);
  skip_prefix("b", 2);
  if (base == 0) {
    base = 10;
  }
  if (base < 2 || base > 36 || digits.empty() || !remove_underscores(digits) || digits[0] == '-') {
    return std::nullopt;
  }
  if (is_negative) {
    digits.insert(0, 1, '-');
  }
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error == std::errc::result_out_of_range && stop == end) {
    fail("integer overflow: integers have 64 bits");
  }
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

std::optional<double> parse_floating(std::string_view text) {
  std::string digits(without_blanks(text));
  const bool is_word = digits.find_first_of("nNiI") != std::string::npos;
  if (is_word) {
    const std::string word = unicode::lower(digits[0] == '+' || digits[0] == '-' ? digits.substr(1) : digits);
    const double sign = digits[0] == '-' ? -1 : 1;
    if (word == "inf" || word == "infinity") {
      return sign * HUGE_VAL;
    }
    return word == "nan" ? std::optional(std::nan("")) : std::nullopt;
  }
  if (digits.empty() || digits.find_first_not_of("0123456789+-.eE_") != std::string::npos ||
      !remove_underscores(digits)) {
    return std::nullopt;
  }
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  return end == digits.c_str() + digits.size() ? std::optional(value) : std::nullopt;
}

Value truncated(double value) {
  if (!std::isfinite(value)) {
    fail("cannot convert a float that is not finite to an integer");
  }
  if (std::abs(value) >= 9223372036854775807.0) {
    fail("integer overflow: integers have 64 bits");
  }
  return Value::integer(static_cast<std::int64_t>(value));
}

double rounded(double value, int digits) {
  if (!std::isfinite(value) || digits > 320) {
    return value;
  }
  if (digits >= 0) {
    return std::strtod(printed(value, 'f', digits, false).c_str(), nullptr);
  }
  const double scale = std::pow(10.0, -digits);
  return std::isfinite(scale) ? std::nearbyint(value / scale) * scale : 0.0;
}

}  // namespace noetl::templating
