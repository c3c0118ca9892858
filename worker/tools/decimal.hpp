#pragma once
// Decimals as JSON: databases send more digits than a JSON number is read with. Pure functions; any thread.
#include <string>
#include <string_view>

namespace noetl::tools {

enum class NumericAs {
  exact,  // a number where a double holds it exactly, else a text
  number,  // always a number
  text,
  digits,  // always a number, with every digit, even those that no double holds
};

// Appends the decimal (digits, sign, point, exponent; or NaN and the like, which become a text).
void append_decimal(std::string& to, std::string_view text, NumericAs numeric);

}  // namespace noetl::tools
