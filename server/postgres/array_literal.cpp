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
  const auto begin = text_.size();
  text_.resize(begin + 2 * value.size() + 2);  // when every character is escaped
  char* to = text_.data() + begin;
  *to++ = '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') *to++ = '\\';
    *to++ = c;
  }
  *to++ = '"';
  text_.resize(static_cast<std::size_t>(to - text_.data()));
}

void ArrayLiteral::add_null() {
  separate();
  text_ += "NULL";
}

}  // namespace noetl::postgres
