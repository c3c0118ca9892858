#include "server/postgres/array_literal.hpp"

#include <charconv>

namespace noetl::postgres {

void ArrayLiteral::separate() {
  if (text_.size() > 1) text_ += ',';
}

void ArrayLiteral::add(std::int64_t number) {
  separate();
  has_value_ = true;
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  (void)error;  // 24 characters hold any 64-bit number
  text_.append(digits, end);
}

void ArrayLiteral::add(std::string_view value) {
  separate();
  has_value_ = true;
  text_ += '"';
  std::size_t from = 0;
  for (std::size_t at = value.find_first_of("\"\\"); at != std::string_view::npos;
       at = value.find_first_of("\"\\", at + 1)) {
    text_.append(value, from, at - from);
    text_ += '\\';
    from = at;
  }
  text_.append(value, from, std::string_view::npos);
  text_ += '"';
}

void ArrayLiteral::add_null() {
  separate();
  text_ += "NULL";
}

}  // namespace noetl::postgres
