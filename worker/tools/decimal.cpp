#include "worker/tools/decimal.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "worker/tools/results.hpp"

namespace noetl::tools {

namespace {

// Digits without sign, leading and trailing zeros, and where the point stands: equal for equal decimals.
std::string normal_form(std::string_view text) {
  std::string sign;
  if (text.starts_with('-')) {
    sign = "-";
    text.remove_prefix(1);
  }
  int exponent = 0;
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    const std::size_t digits = text[e + 1] == '+' ? e + 2 : e + 1;
    std::from_chars(text.data() + digits, text.data() + text.size(), exponent);
    text = text.substr(0, e);
  }
  std::string digits;
  for (const char c : text) {
    if (c != '.') digits += c;
  }
  const std::size_t point = text.find('.');
  exponent += static_cast<int>(point == std::string_view::npos ? text.size() : point);
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return "0";
  exponent -= static_cast<int>(first);
  digits = digits.substr(first, digits.find_last_not_of('0') + 1 - first);
  return sign + digits + "@" + std::to_string(exponent);
}

}  // namespace

void append_decimal(std::string& to, std::string_view text, NumericAs numeric) {
  std::int64_t whole = 0;
  double value = 0;
  const char* const last = text.data() + text.size();
  const auto as_whole = std::from_chars(text.data(), last, whole);
  const bool is_whole = as_whole.ec == std::errc{} && as_whole.ptr == last;
  const auto as_float = std::from_chars(text.data(), last, value);
  const bool is_float = as_float.ec == std::errc{} && as_float.ptr == last && std::isfinite(value);
  if (numeric == NumericAs::text || !is_float) {
    to += to_text(nlohmann::json(storable_text(text)));
  } else if (numeric == NumericAs::digits) {
    to += text;
  } else if (is_whole) {
    to += std::to_string(whole);
  } else {
    const std::string shown = nlohmann::json(value).dump();
    to += numeric == NumericAs::number || normal_form(shown) == normal_form(text)
              ? shown
              : to_text(nlohmann::json(storable_text(text)));
  }
}

}  // namespace noetl::tools
