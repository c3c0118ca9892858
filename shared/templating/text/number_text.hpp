#pragma once
// Numbers as text and text as numbers, by Python's rules. Pure; any thread.
#include <optional>
#include <string>
#include <string_view>

#include "shared/templating/values/value.hpp"

namespace noetl::templating {

struct NumberStyle {
  char type = '\0';  // d x X o b e E f F g G % c, 0: as str() would
  char sign = '-';  // '+', ' ' or '-' (only negative ones)
  char groups = '\0';  // between thousands
  bool alternate = false;
  bool zero_pads = false;
  long width = 0;  // for zero_pads
  int precision = -1;
};
[[nodiscard]] std::string number_text(const Value& value, const NumberStyle& style);

// To `width` code points; align is < > or ^.
[[nodiscard]] std::string pad(const std::string& text, std::size_t width, char align, char32_t fill);

// int(text, base) and float(text); nothing when Python would refuse.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text, int base = 10);
[[nodiscard]] std::optional<double> parse_floating(std::string_view text);
// int(float). Fails when it does not fit.
[[nodiscard]] Value truncated(double value);
// round(value, digits), halves to even on the exact binary value.
[[nodiscard]] double rounded(double value, int digits);

}  // namespace noetl::templating
